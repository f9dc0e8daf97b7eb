import type { Up } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { upFromBinary, upFromJson } from '@rapport/proto/wire.ts';
import type { Format } from '../sockets/wire.ts';
import { plainSay } from './plain-say.ts';
import type { UpFrame } from './up-frame.ts';

export type Decoded =
  | { readonly ok: true; readonly frame: UpFrame }
  | { readonly ok: false; readonly reason: string };

/** Reads a client's frame. Whatever the client sent, the result is a frame or a sentence, never a throw. */
export function decodeUp(sent: string | Uint8Array, format: Format): Decoded {
  if ((typeof sent === 'string') !== (format === 'json')) {
    return bad(`this connection speaks ${format === 'json' ? 'text' : 'binary'} frames`);
  }
  try {
    const say = typeof sent === 'string' ? plainSay(sent) : undefined;
    if (say !== undefined) return { ok: true, frame: say };
    const frame = frameOf(typeof sent === 'string' ? upFromJson(sent) : upFromBinary(sent));
    return frame === undefined ? bad('no frame that this version knows is in it') : { ok: true, frame };
  } catch (failure) {
    return bad(failure instanceof Error ? failure.message : String(failure));
  }
}

/** A reason repeats a part of the client's frame; this many characters are enough to find the mistake. */
const reasonCharsMax = 200;

function bad(reason: string): Decoded {
  return { ok: false, reason: `Cannot read the frame: ${reason.slice(0, reasonCharsMax)}`.toWellFormed() };
}

function frameOf({ frame }: Up): UpFrame | undefined {
  switch (frame.case) {
    case 'hello': {
      const { token, deviceId, afterSeq, tail } = frame.value;
      return { kind: 'hello', token, deviceId, afterSeq, tail };
    }
    case 'say': {
      const { clientSeq, id, text, choiceId } = frame.value;
      return { kind: 'say', clientSeq, id, text, choiceId };
    }
    case 'typing':
      return { kind: 'typing', on: frame.value.on };
    case 'read':
      return { kind: 'read', seq: frame.value.seq };
    case 'stop':
      return { kind: 'stop', turnId: frame.value.turnId };
    case 'page': {
      const { beforeSeq, afterSeq, limit } = frame.value;
      return { kind: 'page', beforeSeq, afterSeq, limit };
    }
    default:
      return undefined;
  }
}
