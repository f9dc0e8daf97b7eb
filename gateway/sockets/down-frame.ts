import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { downToBinary } from '@rapport/proto/wire.ts';
import type { Encoded, Format } from './wire.ts';

/** Writes one frame for a client, in the format that its connection speaks. */
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
