import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import { codeOfClose, retryOf, sentenceOf } from './code.ts';
import { endpoint } from './endpoint.ts';
import { decodeDown, encodeUp, type Frame } from './frame.ts';
import { Liveness } from './liveness.ts';
import { boundedWait, type Socket, type Surroundings } from './surroundings.ts';
import { Refusal } from './visitor.ts';

/** How the connection stands. `waiting` tries again by itself; `stopped` only when asked to. */
export type Connection =
  | { readonly at: 'connecting' }
  | { readonly at: 'open' }
  | {
      readonly at: 'waiting';
      readonly code: string;
      readonly reason: string;
      /** Counted from the moment at which the wait began. */
      readonly retryAfterMs: number;
    }
  | { readonly at: 'stopped'; readonly code: string; readonly reason: string }
  | { readonly at: 'closed' };

export interface ClientSocketOptions {
  /** The gateway's address, http or https; it may have a path. */
  readonly url: string;
  readonly surroundings: Surroundings;
  /** The token for a hello; a `refused` one must not be given again. Throws Refusal. */
  readonly token: (refused: string | undefined) => Promise<string>;
  readonly hello: (token: string) => UpJson;
  readonly probe: () => UpJson;
  readonly onFrame: (frame: Frame) => void;
  readonly onConnection: (connection: Connection) => void;
}

/** Why the server is about to close a socket. */
type Leaving = Pick<Frame & { kind: 'goodbye' }, 'code' | 'reason' | 'reconnectAfterMs'>;

/**
 * A WebSocket of this client. Two live at once while the server goes away: the next is opened before the
 * last is left.
 */
interface Dialled {
  readonly socket: Socket;
  readonly token: string;
  readonly liveness: Liveness;
  /** Ends the wait for its welcome. */
  readonly stopClock: () => void;
  welcomedAtMs: number | undefined;
  leaving: Leaving | undefined;
}

/** A connection that stood for this long was a good one: the next loss starts with short waits again. */
const steadyMs = 5_000;
/** Waits before the next try, doubled each time and spread over the upper half. */
export const reconnectWaits = { firstMs: 250, mostMs: 15_000 };
/** Hello, and the owner's answer to it, with as much again for the way. */
export const welcomeWithinMs = limits.attachWithinMs + limits.helloWithinMs;

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
  #unwatch: () => void = () => {};
  /** Counts attempts: a token that arrives for an attempt before the newest one is ignored. */
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
    const { surroundings, url, hello, probe } = this.#options;
    const address = endpoint(url, 'v1/ws');
    address.protocol = address.protocol.replace('http', 'ws');
    const socket = surroundings.openSocket(address.href, 'rapport.v1.json');
    const stopClock = surroundings.after(welcomeWithinMs, () => this.#give(dialled));
    const liveness = new Liveness({
      surroundings,
      ask: () => socket.send(encodeUp(probe())),
      onDead: () => this.#give(dialled),
    });
    const dialled: Dialled = {
      socket,
      token,
      liveness,
      stopClock,
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
    dialled.liveness.heard();
    if (frame.kind === 'goodbye') this.#onGoodbye(dialled, frame);
    const isOpening = dialled === this.#next;
    if (isOpening && frame.kind === 'fault') {
      this.#onHelloRefused(dialled, frame);
      return;
    }
    const opens = isOpening && frame.kind === 'welcome';
    if (opens) this.#welcomed(dialled);
    this.#options.onFrame(frame);
    // A welcome may also mean that hello must be said anew; then this socket is dropped already.
    if (opens && dialled === this.#current) this.#options.onConnection({ at: 'open' });
  }

  #welcomed(dialled: Dialled): void {
    const left = this.#current;
    this.#current = dialled;
    this.#next = undefined;
    dialled.welcomedAtMs = this.#options.surroundings.monotonicMs();
    dialled.stopClock();
    this.#renewed = false;
    this.#refused = undefined;
    if (left) drop(left);
    dialled.liveness.watch();
  }

  /** The server refused the hello itself and keeps the socket: no welcome would ever come on it. */
  #onHelloRefused(dialled: Dialled, fault: Frame & { kind: 'fault' }): void {
    dialled.leaving = { ...fault, reconnectAfterMs: fault.retryAfterMs };
    this.#give(dialled);
  }

  /** The socket will be closed by the server; the next one is opened before that if it may be. */
  #onGoodbye(dialled: Dialled, goodbye: Frame & { kind: 'goodbye' }): void {
    dialled.leaving = goodbye;
    const overlap = dialled === this.#current && !this.#next && retryOf(goodbye.code) === 'now';
    if (!overlap) return;
    const waitMs = boundedWait(goodbye.reconnectAfterMs);
    this.#stopWaiting?.();
    this.#stopWaiting = this.#options.surroundings.after(waitMs, () => this.#connect());
  }

  #onClose(dialled: Dialled, closeCode: number, closeReason: string): void {
    if (dialled !== this.#current && dialled !== this.#next) return;
    const { welcomedAtMs, leaving, liveness } = dialled;
    const nowMs = this.#options.surroundings.monotonicMs();
    if (welcomedAtMs !== undefined && nowMs - welcomedAtMs > steadyMs) this.#attempt = 0;
    liveness.end();
    if (dialled === this.#next) this.#next = undefined;
    if (dialled === this.#current) this.#current = undefined;
    if (this.#next) {
      this.#options.onConnection({ at: 'connecting' }); // The successor is on its way.
      return;
    }
    const code = leaving?.code ?? codeOfClose(closeCode);
    const reason = leaving?.reason || closeReason || sentenceOf(code);
    if (code === 'bad_token' || code === 'token_expired') this.#onRefused(dialled.token, code, reason);
    else if (retryOf(code) === 'never') this.#stop(code, reason);
    else this.#wait(code, reason, (leaving?.reconnectAfterMs ?? 0) - liveness.quietMs);
  }

  /** A refused token is replaced once; when its successor is refused too, no other would do better. */
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
    const ms = Math.max(boundedWait(askedMs), Math.round(whole * (0.5 + roll / 512)));
    this.#attempt += 1;
    this.#stopWaiting?.();
    this.#stopWaiting = surroundings.after(ms, () => this.#connect());
    if (!this.#current) onConnection({ at: 'waiting', code, reason, retryAfterMs: ms });
  }

  #stop(code: string, reason: string): void {
    this.#dropAll();
    this.#options.onConnection({ at: 'stopped', code, reason });
  }

  #onChange(change: 'offline' | 'online' | 'visible'): void {
    if (change === 'offline') {
      for (const dialled of [this.#current, this.#next]) if (dialled) this.#give(dialled);
    } else if (this.#current) this.#current.liveness.look();
    else if (this.#stopWaiting && !this.#next) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /**
   * Gives a socket up without waiting for its close event, which a dead network may hold back for minutes.
   */
  #give(dialled: Dialled): void {
    drop(dialled);
    this.#onClose(dialled, 1006, '');
  }

  #dropAll(): void {
    this.#generation += 1;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    for (const dialled of [this.#current, this.#next]) if (dialled) drop(dialled);
    this.#current = undefined;
    this.#next = undefined;
  }
}

/** Closes a socket and hears nothing of it any more. */
function drop({ socket, stopClock, liveness }: Dialled): void {
  stopClock();
  liveness.end();
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = null;
  socket.close(1000);
}
