import type { DownJson, MessageJson, SayJson, UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Socket, Surroundings } from '../sdk/surroundings.ts';

/**
 * A gateway, its owner and its store in one object, for tests without a network: it keeps the rules of the
 * protocol (dense seq, exactly `clientSeq = last + 1`, resume after `afterSeq`) and does on command what
 * real ones do on bad days. Time stands still until `pass` is called.
 */
export class ScriptedGateway {
  readonly messages: MessageJson[] = [];
  readonly devices = new Map<
    string,
    { last: number; says: { readonly id: string; readonly seq: number }[] }
  >();
  /** Every frame that clients sent, in order. */
  readonly heard: UpJson[] = [];
  readonly sockets: ScriptedSocket[] = [];
  /** Answers a say instead of storing it; undefined stores it. */
  judge: (say: SayJson, deviceId: string) => DownJson | 'silence' | undefined = () => undefined;
  /** Answers a hello instead of welcome. */
  refuse: (token: string) => DownJson | undefined = () => undefined;
  /** False: sockets do not open. */
  reachable = true;
  /** Own messages are pushed to their sender as well, as the owner does. */
  userId = 'visitor-1';
  tokensGiven = 0;
  beganAtMs = 1_700_000_000_000;
  coach = { name: 'Coach', greeting: 'Hello', suggestions: ['How do I start?'] };
  tokenLifeMs = 30 * 24 * 60 * 60 * 1_000;
  /** The bearers that visitors renewed with, in order; empty for a new visitor. */
  readonly bearers: string[] = [];
  /** Answers a renewal; undefined renews it for the same person. */
  renewal: (bearer: string) => Response | undefined = () => undefined;
  readonly clock = new ScriptedClock();
  #watchers = new Set<(change: 'offline' | 'online' | 'visible') => void>();
  #random = 1;

  readonly surroundings: Surroundings = {
    nowMs: () => this.clock.wallMs,
    monotonicMs: () => this.clock.nowMs,
    after: (ms, ring) => this.clock.after(ms, ring),
    randomBytes: (bytes) => {
      for (let at = 0; at < bytes.length; at += 1) {
        this.#random = (this.#random * 48_271) % 2_147_483_647;
        bytes[at] = this.#random & 0xff;
      }
      return bytes;
    },
    fetch: async (_, init) => {
      if (!this.reachable) throw new TypeError('fetch failed');
      const bearer = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? '';
      this.bearers.push(bearer);
      const answer = bearer === '' ? undefined : this.renewal(bearer);
      return answer ?? Response.json({ token: this.issue(), userId: this.userId });
    },
    openSocket: () => new ScriptedSocket(this),
    watch: (on) => {
      this.#watchers.add(on);
      return () => this.#watchers.delete(on);
    },
    visible: () => true,
  };

  /** A token as the real gateway's, but for the signature: that is its name, `token-1` and so on. */
  issue(): string {
    this.tokensGiven += 1;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [iat, exp] = [0, this.tokenLifeMs].map((ms) => Math.floor((this.serverNowMs + ms) / 1_000));
    const claims = { sub: this.userId, creator_id: 'demo', role: 'visitor', iat, exp };
    return `${part({ alg: 'EdDSA' })}.${part(claims)}.token-${this.tokensGiven}`;
  }

  /** The server's clock is right, whatever the device's shows. */
  get serverNowMs(): number {
    return this.beganAtMs + this.clock.nowMs;
  }

  /** The sockets that are open. */
  get open(): readonly ScriptedSocket[] {
    return this.sockets.filter((socket) => socket.isOpen);
  }

  announce(change: 'offline' | 'online' | 'visible'): void {
    for (const watcher of this.#watchers) watcher(change);
  }

  /** Stores a message and pushes it to every open socket. */
  store(message: Omit<MessageJson, 'seq'>, options: { readonly push?: boolean } = {}): number {
    const stored = { atMs: this.serverNowMs, channel: 'web', ...message, seq: this.messages.length + 1 };
    this.messages.push(stored);
    if (options.push !== false) this.push({ message: stored });
    return stored.seq;
  }

  push(down: DownJson): void {
    for (const socket of this.open) socket.deliver(down);
  }

  hear(socket: ScriptedSocket, up: UpJson): void {
    this.heard.push(up);
    if (up.hello) this.#hello(socket, up.hello);
    if (up.say) this.#say(socket, up.say);
    if (up.page) socket.deliver({ history: { ...this.#page(up.page), paged: true } });
  }

  #hello(socket: ScriptedSocket, hello: NonNullable<UpJson['hello']>): void {
    const refusal = this.refuse(hello.token ?? '');
    if (refusal) {
      socket.deliver(refusal);
      socket.end(4003);
      return;
    }
    socket.deviceId = hello.deviceId ?? '';
    const topSeq = this.messages.length;
    const clientSeqStored = this.devices.get(socket.deviceId)?.last ?? 0;
    const { coach } = this;
    socket.deliver({
      welcome: {
        sessionId: 's',
        creatorId: 'demo',
        userId: this.userId,
        topSeq,
        clientSeqStored,
        serverTimeMs: this.serverNowMs,
        coach,
        limits: { saysInFlightMax: 4 },
      },
    });
    const afterSeq = hello.afterSeq || (hello.tail ? Math.max(0, topSeq - hello.tail) : 0);
    for (let from = afterSeq; from < topSeq; from += 20) {
      const messages = this.messages.slice(from, from + 20);
      socket.deliver({ history: { messages, more: from + 20 < topSeq } });
    }
  }

  #say(socket: ScriptedSocket, say: SayJson): void {
    const { deviceId } = socket;
    const { clientSeq = 0, id = '', text = '' } = say;
    const judged = this.judge(say, deviceId);
    if (judged !== undefined) {
      if (judged !== 'silence') socket.deliver(judged);
      return;
    }
    const device = this.devices.get(deviceId) ?? { last: 0, says: [] };
    if (clientSeq > device.last + 1) {
      socket.deliver({ receipt: { clientSeq, id, state: 'REJECTED', code: 'gap' } });
      return;
    }
    if (clientSeq === device.last + 1) {
      const seq = this.store({ id, role: 'USER', text });
      this.devices.set(deviceId, { last: clientSeq, says: [...device.says, { id, seq }] });
    }
    const stored = this.devices.get(deviceId)?.says[clientSeq - 1];
    socket.deliver(
      stored?.id === id
        ? { receipt: { clientSeq, id, state: 'STORED', seq: stored.seq } }
        : { receipt: { clientSeq, id, state: 'REJECTED', code: 'number_reused' } },
    );
  }

  #page({ afterSeq, beforeSeq, limit = 0 }: NonNullable<UpJson['page']>) {
    if (beforeSeq) {
      const from = Math.max(0, beforeSeq - 1 - limit);
      return { messages: this.messages.slice(from, beforeSeq - 1), more: from > 0 };
    }
    const from = afterSeq ?? 0;
    return { messages: this.messages.slice(from, from + limit), more: from + limit < this.messages.length };
  }
}

/** The client's end of a connection to a ScriptedGateway. Frames arrive in a microtask, in order. */
export class ScriptedSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  deviceId = '';
  /** Deliveries of the gateway do not arrive, and neither does the end of the connection. */
  dead = false;
  readonly #gateway: ScriptedGateway;
  #at: 'opening' | 'open' | 'closed' = 'opening';

  constructor(gateway: ScriptedGateway) {
    this.#gateway = gateway;
    gateway.sockets.push(this);
    queueMicrotask(() => {
      if (this.#at !== 'opening') return;
      if (!gateway.reachable) {
        this.#at = 'closed';
        this.onerror?.(new Event('error')); // As Node 22 does it: no close event follows.
        return;
      }
      this.#at = 'open';
      this.onopen?.(new Event('open'));
    });
  }

  get isOpen(): boolean {
    return this.#at === 'open';
  }

  send(text: string): void {
    if (this.#at !== 'open' || this.dead) return;
    this.#gateway.hear(this, JSON.parse(text));
  }

  close(): void {
    this.#at = 'closed';
  }

  deliver(down: DownJson): void {
    const text = JSON.stringify(down);
    queueMicrotask(() => {
      if (this.#at === 'open' && !this.dead) this.onmessage?.(new MessageEvent('message', { data: text }));
    });
  }

  /** The gateway, or the network, ends it. */
  end(code = 1006): void {
    queueMicrotask(() => {
      if (this.#at === 'closed') return;
      this.#at = 'closed';
      if (!this.dead) this.onclose?.(Object.assign(new Event('close'), { code, reason: '', wasClean: true }));
    });
  }
}

class ScriptedClock {
  nowMs = 0;
  /** What the device's clock shows when nothing has passed; a test may set it as a person would. */
  startedAtMs = 1_700_000_000_000;
  #timers: { readonly atMs: number; readonly ring: () => void }[] = [];

  get wallMs(): number {
    return this.startedAtMs + this.nowMs;
  }

  after(ms: number, ring: () => void): () => void {
    // As setTimeout does: what does not fit into 31 bits rings at once.
    const timer = { atMs: this.nowMs + (ms > 2 ** 31 - 1 ? 1 : ms), ring };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Lets `ms` pass, ringing timers in order and letting what they begin settle. */
  async pass(ms: number): Promise<void> {
    await settle();
    const untilMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers = this.#timers.filter((one) => one !== next);
      next.ring();
      await settle();
    }
    this.nowMs = untilMs;
  }
}

/** Lets everything that waits only for promises happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
