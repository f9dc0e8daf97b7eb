import type { DownJson, Up } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { downToBinary, upFromBinary, upFromJson } from '@rapport/proto/wire.ts';
import type { Encoded, Format } from '../sockets/wire.ts';
import { plainSay } from './plain-say.ts';

/** A client's frame, read: every field is there, with its zero value where the client left it out. */
export type UpFrame =
  | {
      readonly kind: 'hello';
      readonly token: string;
      readonly deviceId: string;
      readonly afterSeq: number;
      readonly tail: number;
    }
  | SayFrame
  | { readonly kind: 'typing'; readonly on: boolean }
  | { readonly kind: 'read'; readonly seq: number }
  | { readonly kind: 'stop'; readonly turnId: string }
  | {
      readonly kind: 'page';
      readonly beforeSeq: number;
      readonly afterSeq: number;
      readonly limit: number;
    };

export interface SayFrame {
  readonly kind: 'say';
  readonly clientSeq: number;
  readonly id: string;
  readonly text: string;
  readonly choiceId: string;
}

export type Decoded =
  | { readonly ok: true; readonly frame: UpFrame }
  | { readonly ok: false; readonly reason: string };

/** Reads what a client sent: whatever it is, the answer is a frame or a sentence, never a throw. */
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

export function encodeDown(down: DownJson, format: Format): Encoded {
  return format === 'json' ? JSON.stringify(down) : downToBinary(down);
}

/** One frame for several sockets: encoded once for each format that is asked for. */
export class SharedFrame {
  readonly #json: string;
  #proto: Encoded | undefined;

  /** Takes the frame as JSON, so that one which came as JSON is passed on as it is. */
  constructor(json: string) {
    this.#json = json;
  }

  as(format: Format): Encoded {
    if (format === 'json') return this.#json;
    this.#proto ??= encodeDown(JSON.parse(this.#json) as DownJson, 'proto'); // Decoder: we wrote it.
    return this.#proto;
  }
}

/** A reason repeats what the client sent; this much of it is enough to find the mistake. */
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
