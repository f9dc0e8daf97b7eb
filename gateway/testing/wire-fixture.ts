import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Encoded, Sent, Wire } from '../sockets/wire.ts';

/**
 * A connection whose other side is a test: it keeps what was sent, and can refuse to take it, as a slow
 * client does.
 */
export class TestWire implements Wire {
  readonly format = 'json';
  readonly frames: DownJson[] = [];
  ended: { readonly closeCode: number; readonly reason: string } | undefined;
  /** The connection was closed without order. */
  isCut = false;
  /** While true, what is sent stays unsent. */
  stuck = false;
  #unsent = 0;

  send(frame: Encoded): Sent {
    this.frames.push(JSON.parse(String(frame)));
    if (!this.stuck) return 'sent';
    this.#unsent += frame.length;
    return 'waiting';
  }

  cork(writes: () => void): void {
    writes();
  }

  unsentBytes(): number {
    return this.#unsent;
  }

  end(closeCode: number, reason: string): void {
    this.ended = { closeCode, reason };
  }

  cut(): void {
    this.isCut = true;
    this.ended = { closeCode: 1006, reason: '' };
  }

  /** Takes everything that waited. */
  flow(): void {
    this.stuck = false;
    this.#unsent = 0;
  }

  /** The frames of one kind, in order. */
  all<K extends keyof DownJson>(kind: K): NonNullable<DownJson[K]>[] {
    return this.frames.flatMap((frame) => frame[kind] ?? []);
  }

  /** Every seq the client was given, in the order in which it came. */
  seqs(): number[] {
    return this.frames.flatMap((frame) => {
      if (frame.message !== undefined) return [frame.message.seq ?? 0];
      if (frame.history === undefined || frame.history.paged === true) return [];
      return (frame.history.messages ?? []).map((message) => message.seq ?? 0);
    });
  }
}
