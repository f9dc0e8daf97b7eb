import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '@rapport/simulation/chance.ts';

/** The state of a network: fair, slow, stalled or torn. */
export type Weather =
  | { readonly is: 'fair' }
  /** Each piece of data takes between half of this and all of it. */
  | { readonly is: 'slow'; readonly latencyMs: number }
  /** Nothing arrives on this share of the connections, and neither side is told. */
  | { readonly is: 'stalled'; readonly share: number }
  /** This share of the connections ends now. At 1, new connections are refused too. */
  | { readonly is: 'torn'; readonly share: number };

/** A connection through the proxy. */
interface Pair {
  readonly ends: readonly [Socket, Socket];
  /** Resolves when bytes may pass. */
  stalled: PromiseWithResolvers<void> | undefined;
}

/** Passes TCP connections on to a port of this machine. */
export class ChaosProxy {
  readonly #chance: Chance;
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #weather: Weather = { is: 'fair' };

  private constructor(targetPort: number, chance: Chance) {
    this.#targetPort = targetPort;
    this.#chance = chance;
    this.#server = createServer((socket) => this.#open(socket));
  }

  static async listen(options: {
    readonly targetPort: number;
    readonly chance: Chance;
  }): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(options.targetPort, options.chance);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Sets the weather from now on, for existing and for new connections. */
  set(weather: Weather): void {
    this.#weather = weather;
    const pairs = [...this.#pairs];
    for (const pair of pairs) release(pair);
    if (weather.is === 'torn') for (const pair of this.#some(pairs, weather.share)) end(pair);
    if (weather.is !== 'stalled') return;
    for (const pair of this.#some(pairs, weather.share)) pair.stalled = Promise.withResolvers();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) end(pair);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #some(pairs: readonly Pair[], share: number): readonly Pair[] {
    return pairs.filter(() => this.#chance.happens(share));
  }

  #open(near: Socket): void {
    const weather = this.#weather;
    if (weather.is === 'torn' && weather.share === 1) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true });
    near.setNoDelay(true);
    const pair: Pair = { ends: [near, far], stalled: undefined };
    if (weather.is === 'stalled' && weather.share === 1) pair.stalled = Promise.withResolvers();
    this.#pairs.add(pair);
    for (const socket of pair.ends) {
      socket.on('error', () => end(pair)); // The other side sees the connection end.
      socket.once('close', () => {
        end(pair);
        this.#pairs.delete(pair);
      });
    }
    void this.#pass(pair, near, far); // Ends with the connection.
    void this.#pass(pair, far, near);
  }

  async #pass(pair: Pair, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const bytes of from) {
        if (this.#weather.is === 'slow') await sleep(this.#delayMs(this.#weather.latencyMs));
        await pair.stalled?.promise;
        if (!to.write(bytes)) await once(to, 'drain');
      }
    } catch {
      end(pair); // One side is gone, so the other side is ended too.
      return;
    }
    to.end();
  }

  #delayMs(latencyMs: number): number {
    return latencyMs * (0.5 + this.#chance.next() / 2);
  }
}

function release(pair: Pair): void {
  pair.stalled?.resolve();
  pair.stalled = undefined;
}

function end(pair: Pair): void {
  release(pair);
  for (const socket of pair.ends) if (!socket.destroyed) socket.resetAndDestroy();
}
