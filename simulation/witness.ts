import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { DownJson, MessageJson, ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { conversationName } from '@rapport/proto/identity.ts';
import type { Connection } from './connection.ts';
import type { LogModel } from './log-model.ts';
import type { StoreModel } from './store-model.ts';
import type { World } from './world.ts';

/** A frame at the moment at which a gateway writes it to a connection. */
export interface Written {
  readonly connection: Connection;
  readonly to: string;
  /** `creator/user`. */
  readonly conversation: string;
  readonly frame: string;
}

/** Checks every frame that a gateway writes: the frame must be true at that moment. */
export class Witness {
  readonly #world: World;
  readonly #store: StoreModel;
  readonly #log: LogModel;
  /** The owner's epoch of the deliveries that a gateway is taking now, by conversation. */
  #telling: ReadonlyMap<string, number> = new Map();
  /** The newest epoch that a connection has seen. */
  readonly #seen = new WeakMap<Connection, number>();

  constructor(options: { readonly world: World; readonly store: StoreModel; readonly log: LogModel }) {
    this.#world = options.world;
    this.#store = options.store;
    this.#log = options.log;
  }

  /** Frames that a gateway writes during `take` are effects of these deliveries. */
  during(deliveries: Deliveries, take: () => void): void {
    const telling = new Map<string, number>();
    for (const delivery of deliveries.deliveries) {
      const name = conversationName(delivery);
      telling.set(name, Math.max(telling.get(name) ?? 0, delivery.epoch));
    }
    this.#telling = telling;
    try {
      take();
    } finally {
      this.#telling = new Map();
    }
  }

  wrote(written: Written): void {
    const { to, conversation } = written;
    const down: DownJson = JSON.parse(written.frame); // Our own frame, just encoded.
    this.#world.tell('gateway', `> ${to} ${written.frame.slice(0, 200)}`);
    this.#epoch(written);
    if (down.receipt !== undefined) this.#receipt(written, down.receipt);
    if (down.message !== undefined) this.#message(conversation, down.message);
    for (const message of down.history?.messages ?? []) this.#message(conversation, message);
    if (down.welcome !== undefined) {
      const stored = this.#store.messages(conversation).length;
      const { topSeq = 0 } = down.welcome;
      if (topSeq > stored)
        this.#world.fail('a position is in the store', `${to} is told ${topSeq}, the store has ${stored}`);
    }
  }

  #epoch({ connection, to, conversation }: Written): void {
    const epoch = this.#telling.get(conversation);
    if (epoch === undefined) return;
    const seen = this.#seen.get(connection) ?? 0;
    if (epoch < seen) {
      const sentence = `${to} is shown something of epoch ${epoch} after epoch ${seen}`;
      this.#world.fail('nothing of a past owner is shown', sentence);
    }
    this.#seen.set(connection, Math.max(seen, epoch));
  }

  #receipt({ conversation, to }: Written, receipt: ReceiptJson): void {
    const { state, id = '', seq = 0 } = receipt;
    if (state === 'STORED') {
      const message = this.#store.messages(conversation).find((one) => one.id === id);
      if (message === undefined || (seq !== 0 && message.seq !== seq)) {
        const there = message === undefined ? 'is not there' : `is ${message.seq}`;
        this.#world.fail('STORED is in the store', `${to} is told that ${id} is ${seq}; it ${there}`);
      }
    } else if (state === 'ACCEPTED') {
      if (this.#log.holds(({ event }) => event.kind === 'said' && event.id === id)) return;
      this.#world.fail('ACCEPTED is in the log', `${to} is told that ${id} is accepted; it is not there`);
    }
  }

  #message(conversation: string, { seq = 0, id, role, text }: MessageJson): void {
    const stored = this.#store.messages(conversation)[seq - 1];
    if (stored !== undefined && stored.id === id && stored.role === role && stored.text === text) return;
    const there = stored === undefined ? 'nothing' : `${stored.role} "${stored.text}"`;
    this.#world.fail(
      'what is shown is stored',
      `${conversation} ${seq} is shown as "${text}", stored is ${there}`,
    );
  }
}
