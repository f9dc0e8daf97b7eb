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

export interface ClientSocketOptions {
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
interface Dialled {
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
export class ClientSocket {
  readonly #options: ClientSocketOptions;
  #current: Dialled | undefined;
  #next: Dialled | undefined;
  #attempt = 0;
  #refused: string | undefined;
  #renewed = false;
  #closed = false;
  #stopWaiting: (() => void) | undefined;
  #stopProbing: (() => void) | undefined;
  #unwatch: () => void = () => {};
  /** Counts attempts, so that an answer that comes late knows that it is not wanted any more. */
  #generation = 0;

  constructor(options: ClientSocketOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unwatch = this.#options.surroundings.watch((change) => this.#onChange(change));
    this.#connect();
  }

  /** False when no connection is open. */
  send(up: UpJson): boolean {
    if (!this.#current) return false;
    this.#current.socket.send(encodeUp(up));
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
    if (!this.#current) this.#options.onConnection({ at: 'connecting' });
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
    const stopClock = surroundings.after(welcomeWithinMs, () => this.#give(dialled));
    const dialled: Dialled = {
      socket,
      token,
      stopClock,
      heardAtMs: now,
      welcomedAtMs: undefined,
      leaving: undefined,
    };
    this.#next = dialled;
    socket.onopen = () => socket.send(encodeUp(hello(token)));
    socket.onmessage = ({ data }) => {
      const frame = typeof data === 'string' ? decodeDown(data) : undefined;
      if (frame) this.#onFrame(dialled, frame);
    };
    socket.onclose = ({ code, reason }) => {
      stopClock();
      this.#onClose(dialled, code, reason);
    };
    // Node 22 reports a connection that could not be made by `error` alone; in browsers `close` follows.
    socket.onerror = () => this.#give(dialled);
  }

  #onFrame(dialled: Dialled, frame: Frame): void {
    dialled.heardAtMs = this.#options.surroundings.nowMs();
    if (frame.kind === 'goodbye') this.#onGoodbye(dialled, frame);
    const opens = frame.kind === 'welcome' && dialled === this.#next;
    if (opens) this.#welcomed(dialled);
    this.#options.onFrame(frame);
    // A welcome may also tell that hello must be said anew; then this dialled is gone already.
    if (opens && dialled === this.#current) this.#options.onConnection({ at: 'open' });
  }

  #welcomed(dialled: Dialled): void {
    const left = this.#current;
    this.#current = dialled;
    this.#next = undefined;
    dialled.welcomedAtMs = dialled.heardAtMs;
    dialled.stopClock();
    this.#renewed = false;
    this.#refused = undefined;
    if (left) drop(left);
    this.#watchSilence(dialled);
  }

  /** The socket will be closed by the server; the next one is opened before that if it may be. */
  #onGoodbye(dialled: Dialled, goodbye: Frame & { kind: 'goodbye' }): void {
    dialled.leaving = goodbye;
    const overlap = dialled === this.#current && !this.#next && retryOf(goodbye.code) === 'now';
    if (!overlap) return;
    this.#stopWaiting?.();
    this.#stopWaiting = this.#options.surroundings.after(goodbye.reconnectAfterMs, () => this.#connect());
  }

  #onClose(dialled: Dialled, closeCode: number, closeReason: string): void {
    if (dialled !== this.#current && dialled !== this.#next) return;
    const now = this.#options.surroundings.nowMs();
    if (dialled.welcomedAtMs !== undefined && now - dialled.welcomedAtMs > steadyMs) this.#attempt = 0;
    if (dialled === this.#next) this.#next = undefined;
    if (dialled === this.#current) {
      this.#current = undefined;
      this.#stopProbing?.();
    }
    if (this.#next) {
      this.#options.onConnection({ at: 'connecting' }); // The successor is on its way.
      return;
    }
    const code = dialled.leaving?.code ?? codeOfClose(closeCode);
    const reason = dialled.leaving?.reason || closeReason || sentenceOf(code);
    if (code === 'bad_token' || code === 'token_expired') this.#onRefused(dialled.token, code, reason);
    else if (retryOf(code) === 'never') this.#stop(code, reason);
    else this.#wait(code, reason, (dialled.leaving?.reconnectAfterMs ?? 0) - (now - dialled.heardAtMs));
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
    if (this.#current && !this.#current.leaving) return;
    const { surroundings, onConnection } = this.#options;
    const [roll = 0] = surroundings.randomBytes(new Uint8Array(1));
    const { firstMs, mostMs } = reconnectWaits;
    const whole = Math.min(mostMs, firstMs * 2 ** Math.min(this.#attempt, 10));
    const ms = Math.max(askedMs, Math.round(whole * (0.5 + roll / 512)));
    this.#attempt += 1;
    this.#stopWaiting?.();
    this.#stopWaiting = surroundings.after(ms, () => this.#connect());
    if (!this.#current) onConnection({ at: 'waiting', code, reason, retryAtMs: surroundings.nowMs() + ms });
  }

  #stop(code: string, reason: string): void {
    this.#dropAll();
    this.#options.onConnection({ at: 'stopped', code, reason });
  }

  #onChange(change: 'offline' | 'online' | 'visible'): void {
    if (change === 'offline') {
      for (const dialled of [this.#current, this.#next]) if (dialled) this.#give(dialled);
    } else if (this.#current) {
      const quietMs = this.#options.surroundings.nowMs() - this.#current.heardAtMs;
      if (quietMs > lookAgainWithinMs) this.#probe(this.#current, lookAgainWithinMs);
    } else if (this.#stopWaiting && !this.#next) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /** Gives a dialled up without waiting for its close event, which a dead network may hold back for minutes. */
  #give(dialled: Dialled): void {
    drop(dialled);
    this.#onClose(dialled, 1006, '');
  }

  #watchSilence(dialled: Dialled): void {
    this.#stopProbing?.();
    const { surroundings } = this.#options;
    const quietMs = surroundings.nowMs() - dialled.heardAtMs;
    this.#stopProbing = surroundings.after(Math.max(1_000, silentMs - quietMs), () => {
      const silent = surroundings.nowMs() - dialled.heardAtMs >= silentMs;
      if (silent && surroundings.visible()) this.#probe(dialled, probeWithinMs);
      else this.#watchSilence(dialled);
    });
  }

  #probe(dialled: Dialled, withinMs: number): void {
    const { surroundings, probe } = this.#options;
    const askedAtMs = surroundings.nowMs();
    dialled.socket.send(encodeUp(probe()));
    this.#stopProbing?.();
    this.#stopProbing = surroundings.after(withinMs, () => {
      if (dialled.heardAtMs < askedAtMs) this.#give(dialled);
      else this.#watchSilence(dialled);
    });
  }

  #dropAll(): void {
    this.#generation += 1;
    this.#stopWaiting?.();
    this.#stopProbing?.();
    this.#stopWaiting = undefined;
    for (const dialled of [this.#current, this.#next]) if (dialled) drop(dialled);
    this.#current = undefined;
    this.#next = undefined;
  }
}

/** Closes a socket and hears nothing of it any more. */
function drop({ socket, stopClock }: Dialled): void {
  stopClock();
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = null;
  socket.close(1000);
}
