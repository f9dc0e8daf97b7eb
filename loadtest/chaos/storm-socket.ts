import { randomUUID } from 'node:crypto';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { reasonOf, systemCodeOf } from '@rapport/runtime/fault.ts';
import { backoffMs } from '@rapport/runtime/retry.ts';
import type { Slots } from '@rapport/runtime/slots.ts';
import { reconnectWaits, welcomeWithinMs } from '@rapport/widget/sdk/socket.ts';
import { openRawWebSocket, type RawWebSocket } from '../raw-websocket.ts';

export interface StormSocketOptions {
  readonly port: number;
  readonly localAddress: string;
  readonly token: string;
  /** A slot that the socket holds from its first packet until it is welcome or lost. */
  readonly opening: Slots;
  /** Called when the socket is welcome and has every message up to the position that it was told. */
  readonly onThere: (socket: StormSocket) => void;
  /** Called with each trouble, as a sentence. */
  readonly onTrouble: (sentence: string) => void;
}

/**
 * A person who only listens: as cheap as a client can be. It comes back by the rules of the SDK, with the
 * position that it has.
 */
export class StormSocket {
  readonly #options: StormSocketOptions;
  readonly #deviceId = randomUUID();
  #socket: RawWebSocket | undefined;
  #attempt = 0;
  #topSeq = 0;
  #wantedSeq = Number.POSITIVE_INFINITY;
  #leaving = false;
  /** Counts connections, so that late events of an earlier connection are ignored. */
  #generation = 0;
  /** Gives back its slot. */
  #opened = () => {};

  constructor(options: StormSocketOptions) {
    this.#options = options;
  }

  /** The seq up to which the person has every message. */
  get topSeq(): number {
    return this.#topSeq;
  }

  get isThere(): boolean {
    return this.#topSeq >= this.#wantedSeq;
  }

  connect(): void {
    void this.#options.opening.run(async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#opened = resolve;
      void this.#open(); // It reports its failures.
      await promise;
    });
  }

  leave(): void {
    this.#leaving = true;
    this.#socket?.close();
  }

  async #open(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const late = setTimeout(() => this.#lost(generation, 'no welcome in time'), welcomeWithinMs);
    try {
      const socket = await openRawWebSocket({
        port: this.#options.port,
        localAddress: this.#options.localAddress,
        protocol: 'rapport.v1.json',
        onText: (text) => {
          const frame = JSON.parse(text) as DownJson; // Decoder: #take looks at what it needs.
          if (frame.welcome !== undefined) clearTimeout(late);
          this.#take(frame);
        },
        onClose: () => {
          clearTimeout(late);
          this.#lost(generation, 'the connection ended');
        },
      });
      this.#socket = socket;
      const hello = { token: this.#options.token, deviceId: this.#deviceId, afterSeq: this.#topSeq };
      socket.send(JSON.stringify({ hello }));
      socket.flush();
    } catch (failure) {
      clearTimeout(late);
      this.#lost(generation, systemCodeOf(failure) ?? reasonOf(failure));
    }
  }

  #take({ welcome, history, message, goodbye }: DownJson): void {
    if (goodbye !== undefined) this.#options.onTrouble(`goodbye ${goodbye.code}`);
    if (welcome !== undefined) {
      this.#attempt = 0;
      this.#wantedSeq = welcome.topSeq ?? 0;
    }
    for (const { seq = 0 } of history?.messages ?? (message === undefined ? [] : [message])) {
      if (seq !== this.#topSeq + 1) this.#options.onTrouble(`a hole or a repetition in the messages`);
      this.#topSeq = seq;
    }
    if (!this.isThere) return;
    this.#opened();
    this.#options.onThere(this);
  }

  #lost(generation: number, why: string): void {
    if (generation !== this.#generation || this.#leaving) return;
    this.#generation += 1;
    this.#opened();
    this.#wantedSeq = Number.POSITIVE_INFINITY;
    this.#socket?.close();
    this.#socket = undefined;
    this.#options.onTrouble(why);
    this.#attempt += 1;
    setTimeout(
      () => {
        if (!this.#leaving) this.connect();
      },
      backoffMs(reconnectWaits, this.#attempt, Math.random()),
    );
  }
}
