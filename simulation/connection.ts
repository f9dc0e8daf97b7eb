import type { Gateway } from '@rapport/gateway/gateway.ts';
import type { Session } from '@rapport/gateway/sockets/session.ts';
import type { Sent, Wire } from '@rapport/gateway/sockets/wire.ts';
import type { Socket } from '@rapport/widget/sdk/surroundings.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

export interface ConnectionOptions {
  readonly world: World;
  readonly chance: Chance;
  readonly tab: Fate;
  /** The gateway at the far end; undefined when no gateway runs. */
  readonly far: { readonly fate: Fate; readonly gateway: Gateway } | undefined;
  /** Called with each frame at the moment at which the gateway writes it. */
  readonly onWrite: (connection: Connection, frame: string) => void;
}

/** After this time the gateway gives up a connection that carries nothing any more. */
const idleMs = 45_000;

/**
 * One connection between a tab and a gateway, ordered both ways. The connection may be cut, go dead without a
 * word, or take nothing for a while.
 */
export class Connection {
  readonly socket: Socket;
  readonly wire: Wire;
  readonly #options: ConnectionOptions;
  #at: 'opening' | 'open' | 'dead' | 'closed' = 'opening';
  #session: Session | undefined;
  /** Added to the travel time of every frame: some networks are slow. */
  readonly #slowMs: number;
  #downUntilMs = 0;
  #upUntilMs = 0;
  /** Frames that wait while the tab takes none. */
  #stuck: string[] | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#slowMs = options.chance.happens(0.2) ? options.chance.between(20, 300) : 0;
    this.socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: (text) =>
        this.#up((session, { frames }) => {
          if (frames.admits(session, Buffer.byteLength(text))) frames.take(session, text);
        }),
      close: () => this.#leave(),
    };
    this.wire = {
      format: 'json',
      send: (frame) => this.#write(String(frame)),
      cork: (writes) => writes(),
      unsentBytes: () => this.#stuck?.reduce((sum, frame) => sum + frame.length, 0) ?? 0,
      end: (closeCode, reason) => this.#end(closeCode, reason),
      cut: () => this.#end(1006, ''),
    };
    this.#open();
  }

  get isOver(): boolean {
    return this.#at === 'closed';
  }

  /** Both sides are told, each in its time. Frames on the way are lost. */
  cut(): void {
    if (this.#at === 'closed' || this.#at === 'dead') return;
    this.#at = 'closed';
    const { tab, chance } = this.#options;
    tab.later(chance.between(1, 60), () => this.#closed(1006, ''));
    this.#forget(chance.between(1, 400));
  }

  /** From now on nothing arrives. Neither side is told until the gateway gives the connection up. */
  goDead(): void {
    if (this.#at !== 'open') return;
    this.#at = 'dead';
    this.#forget(idleMs);
  }

  /** The tab takes nothing for a while. */
  stick(forMs: number): void {
    const { far, world } = this.#options;
    if (this.#at !== 'open' || this.#stuck !== undefined || far === undefined) return;
    this.#stuck = [];
    world.time.after(forMs, () => {
      const waiting = this.#stuck ?? [];
      this.#stuck = undefined;
      for (const frame of waiting) this.#deliver(frame);
      far.fate.take(() => this.#session !== undefined && far.gateway.writer.drained(this.#session));
    });
  }

  #open(): void {
    const { tab, far, chance } = this.#options;
    if (far === undefined || far.fate.at === 'dead') {
      tab.later(chance.between(1, 30), () => this.socket.onerror?.(new Event('error')));
      return;
    }
    far.fate.onDeath(() => this.cut());
    far.fate.later(chance.between(1, 10), () => {
      if (this.#at !== 'opening') return;
      this.#at = 'open';
      this.#session = far.gateway.frames.open(this.wire, {
        origin: '',
        host: 'gateway.test',
        address: tab.name,
      });
      this.#down(() => this.socket.onopen?.(new Event('open')));
    });
  }

  #write(frame: string): Sent {
    if (this.#at !== 'open') return 'sent';
    this.#options.onWrite(this, frame);
    if (this.#stuck === undefined) {
      this.#deliver(frame);
      return 'sent';
    }
    this.#stuck.push(frame);
    return 'waiting';
  }

  #deliver(frame: string): void {
    this.#down(() => this.socket.onmessage?.(new MessageEvent('message', { data: frame })));
  }

  /** Delivers in order, and only while the connection carries anything. */
  #down(act: () => void): void {
    const { tab, chance, world } = this.#options;
    this.#downUntilMs = Math.max(this.#downUntilMs, world.time.nowMs + this.#slowMs + chance.between(1, 20));
    tab.later(this.#downUntilMs - world.time.nowMs, () => {
      if (this.#at === 'open') act();
    });
  }

  #up(act: (session: Session, gateway: Gateway) => void): void {
    const { far, chance, world } = this.#options;
    if (far === undefined) return;
    this.#upUntilMs = Math.max(this.#upUntilMs, world.time.nowMs + this.#slowMs + chance.between(1, 20));
    far.fate.later(this.#upUntilMs - world.time.nowMs, () => {
      if (this.#at === 'open' && this.#session !== undefined) act(this.#session, far.gateway);
    });
  }

  /** The gateway closes the connection. Frames that it wrote before still arrive. */
  #end(closeCode: number, reason: string): void {
    if (this.#at !== 'open') return;
    for (const frame of this.#stuck?.splice(0) ?? []) this.#deliver(frame);
    this.#down(() => {
      this.#at = 'closed';
      this.#closed(closeCode, reason);
    });
  }

  /** The tab closes the connection. Frames that it sent before still arrive. */
  #leave(): void {
    if (this.#at === 'opening') this.#at = 'closed';
    this.#up((session, gateway) => {
      this.#at = 'closed';
      gateway.writer.closed(session);
    });
  }

  #forget(afterMs: number): void {
    const { far } = this.#options;
    far?.fate.later(afterMs, () => {
      if (this.#session !== undefined) far.gateway.writer.closed(this.#session);
    });
  }

  #closed(code: number, reason: string): void {
    this.socket.onclose?.(Object.assign(new Event('close'), { code, reason, wasClean: code !== 1006 }));
  }
}
