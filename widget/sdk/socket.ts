import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import { codeOfClose, retryOf, sentenceOf } from './code.ts';
import { decodeDown, encodeUp, type Frame } from './frame.ts';
import type { Socket, Surroundings } from './surroundings.ts';
import { Refusal } from './visitor.ts';

/** How the connection stands. `waiting` tries again by itself; `stopped` only when asked to. */
export type Connection =
  | { readonly at: 'connecting' }
  | { readonly at: 'open' }
  | { readonly at: 'waiting'; readonly code: string; readonly reason: string; readonly retryAtMs: number }
  | { readonly at: 'stopped'; readonly code: string; readonly reason: string }
  | { readonly at: 'closed' };

export interface LinkOptions {
  /** The gateway's address, http or https. */
  readonly url: string;
  readonly surroundings: Surroundings;
  /** The token for a hello; a `refused` one must not be given again. Throws Refusal. */
  readonly token: (refused: string | undefined) => Promise<string>;
  readonly hello: (token: string) => UpJson;
  readonly probe: () => UpJson;
  readonly onFrame: (frame: Frame) => void;
  readonly onConnection: (connection: Connection) => void;
}

/** One WebSocket. Two live at once while the server goes away: the next is opened before the last is left. */
interface Wire {
  readonly socket: Socket;
  readonly token: string;
  /** Ends the wait for its welcome. */
  stopClock: () => void;
  heardAtMs: number;
  welcomedAtMs: number | undefined;
  leaving: (Frame & { kind: 'goodbye' }) | undefined;
}

/** A connection that stood for this long was a good one: the next loss starts with short waits again. */
const steadyMs = 5_000;
/** Waits before the next try, doubled each time and spread over the upper half. */
export const reconnectWaits = { firstMs: 250, mostMs: 15_000 };
/** Hello, and the owner's answer to it, with as much again for the way. */
export const welcomeWithinMs = limits.attachWithinMs + limits.helloWithinMs;
/**
 * A browser cannot ping. After two ping intervals without a frame the link asks for a page, which the server
 * always answers and which would bring what was lost; no frame in probeWithinMs means that the connection is
 * dead. Hidden pages do not ask: they are checked when somebody looks again.
 */
const silentMs = 2 * limits.pingMs;
const probeWithinMs = 10_000;
const lookAgainWithinMs = 5_000;

/** Keeps a connection to the gateway up: hello, goodbye, loss, waits, liveness. */
export class Link {
  readonly #options: LinkOptions;
  #wire: Wire | undefined;
  #next: Wire | undefined;
  #attempt = 0;
  #refused: string | undefined;
  #renewed = false;
  #closed = false;
  #stopWaiting: (() => void) | undefined;
  #stopProbing: (() => void) | undefined;
  #unwatch: () => void = () => {};
  /** Counts attempts, so that an answer that comes late knows that it is not wanted any more. */
  #generation = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unwatch = this.#options.surroundings.watch((change) => this.#onChange(change));
    this.#connect();
  }

  /** False when no connection is open. */
  send(up: UpJson): boolean {
    if (!this.#wire) return false;
    this.#wire.socket.send(encodeUp(up));
    return true;
  }

  /** Leaves every connection and says hello anew, at once. */
  reconnect(): void {
    if (this.#closed) return;
    this.#attempt = 0;
    this.#renewed = false;
    this.#dropAll();
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#dropAll();
    this.#options.onConnection({ at: 'closed' });
  }

  #connect(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#generation += 1;
    if (!this.#wire) this.#options.onConnection({ at: 'connecting' });
    void this.#open(this.#generation); // It reports its failures itself.
  }

  async #open(generation: number): Promise<void> {
    let token: string;
    try {
      token = await this.#options.token(this.#refused);
    } catch (failure) {
      if (generation !== this.#generation || this.#closed) return;
      const refusal = failure instanceof Refusal ? failure : new Refusal('unavailable', String(failure));
      if (refusal.retry === 'never') this.#stop(refusal.code, refusal.message);
      else this.#wait(refusal.code, refusal.message, refusal.retryAfterMs);
      return;
    }
    if (generation === this.#generation && !this.#closed) this.#dial(token);
  }

  #dial(token: string): void {
    const { surroundings, url, hello } = this.#options;
    const address = new URL('/v1/ws', url);
    address.protocol = address.protocol.replace('http', 'ws');
    const socket = surroundings.openSocket(address.href, 'rapport.v1.json');
    const now = surroundings.nowMs();
    const stopClock = surroundings.after(welcomeWithinMs, () => this.#give(wire));
    const wire: Wire = {
      socket,
      token,
      stopClock,
      heardAtMs: now,
      welcomedAtMs: undefined,
      leaving: undefined,
    };
    this.#next = wire;
    socket.onopen = () => socket.send(encodeUp(hello(token)));
    socket.onmessage = ({ data }) => {
      const frame = typeof data === 'string' ? decodeDown(data) : undefined;
      if (frame) this.#onFrame(wire, frame);
    };
    socket.onclose = ({ code, reason }) => {
      stopClock();
      this.#onClose(wire, code, reason);
    };
    // Node 22 reports a connection that could not be made by `error` alone; in browsers `close` follows.
    socket.onerror = () => this.#give(wire);
  }

  #onFrame(wire: Wire, frame: Frame): void {
    wire.heardAtMs = this.#options.surroundings.nowMs();
    if (frame.kind === 'goodbye') this.#onGoodbye(wire, frame);
    const opens = frame.kind === 'welcome' && wire === this.#next;
    if (opens) this.#welcomed(wire);
    this.#options.onFrame(frame);
    // A welcome may also tell that hello must be said anew; then this wire is gone already.
    if (opens && wire === this.#wire) this.#options.onConnection({ at: 'open' });
  }

  #welcomed(wire: Wire): void {
    const left = this.#wire;
    this.#wire = wire;
    this.#next = undefined;
    wire.welcomedAtMs = wire.heardAtMs;
    wire.stopClock();
    this.#renewed = false;
    this.#refused = undefined;
    if (left) drop(left);
    this.#watchSilence(wire);
  }

  /** The socket will be closed by the server; the next one is opened before that if it may be. */
  #onGoodbye(wire: Wire, goodbye: Frame & { kind: 'goodbye' }): void {
    wire.leaving = goodbye;
    const overlap = wire === this.#wire && !this.#next && retryOf(goodbye.code) === 'now';
    if (!overlap) return;
    this.#stopWaiting?.();
    this.#stopWaiting = this.#options.surroundings.after(goodbye.reconnectAfterMs, () => this.#connect());
  }

  #onClose(wire: Wire, closeCode: number, closeReason: string): void {
    if (wire !== this.#wire && wire !== this.#next) return;
    const now = this.#options.surroundings.nowMs();
    if (wire.welcomedAtMs !== undefined && now - wire.welcomedAtMs > steadyMs) this.#attempt = 0;
    if (wire === this.#next) this.#next = undefined;
    if (wire === this.#wire) {
      this.#wire = undefined;
      this.#stopProbing?.();
    }
    if (this.#next) {
      this.#options.onConnection({ at: 'connecting' }); // The successor is on its way.
      return;
    }
    const code = wire.leaving?.code ?? codeOfClose(closeCode);
    const reason = wire.leaving?.reason || closeReason || sentenceOf(code);
    if (code === 'bad_token' || code === 'token_expired') this.#onRefused(wire.token, code, reason);
    else if (retryOf(code) === 'never') this.#stop(code, reason);
    else this.#wait(code, reason, (wire.leaving?.reconnectAfterMs ?? 0) - (now - wire.heardAtMs));
  }

  /** A refused token is replaced once; a fresh one that is refused too is for a person to look at. */
  #onRefused(token: string, code: string, reason: string): void {
    if (this.#renewed) {
      this.#stop(code, reason);
      return;
    }
    this.#renewed = true;
    this.#refused = token;
    this.#connect();
  }

  /** Spread, so that a restarted gateway is not met by everyone at once. */
  #wait(code: string, reason: string, askedMs: number): void {
    if (this.#wire && !this.#wire.leaving) return;
    const { surroundings, onConnection } = this.#options;
    const [roll = 0] = surroundings.randomBytes(new Uint8Array(1));
    const { firstMs, mostMs } = reconnectWaits;
    const whole = Math.min(mostMs, firstMs * 2 ** Math.min(this.#attempt, 10));
    const ms = Math.max(askedMs, Math.round(whole * (0.5 + roll / 512)));
    this.#attempt += 1;
    this.#stopWaiting?.();
    this.#stopWaiting = surroundings.after(ms, () => this.#connect());
    if (!this.#wire) onConnection({ at: 'waiting', code, reason, retryAtMs: surroundings.nowMs() + ms });
  }

  #stop(code: string, reason: string): void {
    this.#dropAll();
    this.#options.onConnection({ at: 'stopped', code, reason });
  }

  #onChange(change: 'offline' | 'online' | 'visible'): void {
    if (change === 'offline') {
      for (const wire of [this.#wire, this.#next]) if (wire) this.#give(wire);
    } else if (this.#wire) {
      const quietMs = this.#options.surroundings.nowMs() - this.#wire.heardAtMs;
      if (quietMs > lookAgainWithinMs) this.#probe(this.#wire, lookAgainWithinMs);
    } else if (this.#stopWaiting && !this.#next) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /** Gives a wire up without waiting for its close event, which a dead network may hold back for minutes. */
  #give(wire: Wire): void {
    drop(wire);
    this.#onClose(wire, 1006, '');
  }

  #watchSilence(wire: Wire): void {
    this.#stopProbing?.();
    const { surroundings } = this.#options;
    const quietMs = surroundings.nowMs() - wire.heardAtMs;
    this.#stopProbing = surroundings.after(Math.max(1_000, silentMs - quietMs), () => {
      const silent = surroundings.nowMs() - wire.heardAtMs >= silentMs;
      if (silent && surroundings.visible()) this.#probe(wire, probeWithinMs);
      else this.#watchSilence(wire);
    });
  }

  #probe(wire: Wire, withinMs: number): void {
    const { surroundings, probe } = this.#options;
    const askedAtMs = surroundings.nowMs();
    wire.socket.send(encodeUp(probe()));
    this.#stopProbing?.();
    this.#stopProbing = surroundings.after(withinMs, () => {
      if (wire.heardAtMs < askedAtMs) this.#give(wire);
      else this.#watchSilence(wire);
    });
  }

  #dropAll(): void {
    this.#generation += 1;
    this.#stopWaiting?.();
    this.#stopProbing?.();
    this.#stopWaiting = undefined;
    for (const wire of [this.#wire, this.#next]) if (wire) drop(wire);
    this.#wire = undefined;
    this.#next = undefined;
  }
}

/** Closes a socket and hears nothing of it any more. */
function drop({ socket, stopClock }: Wire): void {
  stopClock();
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = null;
  socket.close(1000);
}
