import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import type { Frame, Welcome } from './frame.ts';
import type { UnsentSay } from './outbox.ts';
import { Pager } from './pager.ts';
import type { Rapport, RapportOptions, RapportState } from './rapport.ts';
import { type Keeping, Sender } from './sender.ts';
import { ClientSocket, type Connection } from './socket.ts';
import { memoryStorage, type Storage } from './storage.ts';
import { type Surroundings, systemSurroundings } from './surroundings.ts';
import { applyFrame, emptyTimeline, expect, forget, type Timeline, topSeq } from './timeline.ts';
import { uuid4 } from './uuid.ts';
import { Refusal, requestVisitorToken } from './visitor.ts';

const tailDefault = 50;
const typingEveryMs = 3_000;
const typingEndsAfterMs = 10_000;
/** How often a client without unsent messages looks for an outbox whose tab or process is gone. */
const abandonedEveryMs = 30_000;

export function createRapport(options: RapportOptions): Rapport {
  const client = new Client(options);
  client.start();
  return client;
}

class Client implements Rapport {
  readonly #options: RapportOptions;
  readonly #surroundings: Surroundings;
  readonly #storage: Promise<Storage>;
  readonly #socket: ClientSocket;
  readonly #pager: Pager;
  readonly #listeners = new Set<(state: RapportState) => void>();
  #sender: Sender | undefined;
  #ready: Promise<unknown> = Promise.resolve();
  #timeline: Timeline;
  #connection: Connection = { at: 'connecting' };
  #welcome: Welcome | undefined;
  #fault: RapportState['fault'];
  #state: RapportState | undefined;
  #helloAfterSeq = 0;
  #readWanted = 0;
  #typingSentAtMs = 0;
  readonly #timers = new Map<'typing' | 'abandoned', () => void>();

  constructor(options: RapportOptions) {
    this.#options = options;
    this.#surroundings = options.surroundings ?? systemSurroundings();
    this.#storage = Promise.resolve(options.storage ?? memoryStorage());
    this.#timeline = emptyTimeline(options.afterSeq);
    this.#pager = new Pager({
      surroundings: this.#surroundings,
      send: (page) => this.#socket.send(page),
      timeline: () => this.#timeline,
      onChange: () => this.#changed(),
    });
    this.#socket = new ClientSocket({
      url: options.url,
      surroundings: this.#surroundings,
      token: (refused) => this.#token(refused),
      hello: (token) => this.#hello(token),
      probe: () => ({ page: { afterSeq: topSeq(this.#timeline), limit: 1 } }),
      onFrame: (frame) => this.#onFrame(frame),
      onConnection: (connection) => this.#onConnection(connection),
    });
  }

  start(): void {
    this.#ready = this.#open();
    this.#ready.catch((failure) => {
      this.#onConnection({ at: 'stopped', code: 'internal', reason: String(failure) });
    });
  }

  async say(text: string, choiceId = ''): Promise<Keeping> {
    try {
      await this.#ready;
    } catch (failure) {
      return { ok: false, code: 'busy', reason: `Cannot keep messages on this device: ${String(failure)}` };
    }
    if (!this.#sender) throw new Error('Cannot say anything: the conversation is closed');
    return this.#sender.say(text, choiceId);
  }

  stop(): void {
    const { answer } = this.#timeline;
    if (answer?.at === 'writing') this.#socket.send({ stop: { turnId: answer.turnId } });
  }

  typing(on: boolean): void {
    const now = this.#surroundings.nowMs();
    if (on ? now - this.#typingSentAtMs < typingEveryMs : this.#typingSentAtMs === 0) return;
    this.#typingSentAtMs = on ? now : 0;
    this.#socket.send({ typing: { on } });
  }

  read(seq: number): void {
    if (seq <= Math.max(this.#readWanted, this.#timeline.readSeq)) return;
    this.#readWanted = seq;
    this.#socket.send({ read: { seq } });
    this.#timeline = applyFrame(this.#timeline, { kind: 'read', seq });
    this.#changed();
  }

  page(): void {
    this.#pager.older();
    this.#changed();
  }

  dismiss(id: string): void {
    const failed = this.#timeline.pending.some((one) => one.id === id && one.state === 'failed');
    if (!failed) return;
    this.#timeline = forget(this.#timeline, new Set([id]));
    this.#changed();
  }

  retry(): void {
    if (this.#connection.at !== 'open' && this.#connection.at !== 'closed') this.#socket.reconnect();
  }

  subscribe(listener: (state: RapportState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state());
    return () => this.#listeners.delete(listener);
  }

  state(): RapportState {
    this.#state ??= this.#stateNow();
    return this.#state;
  }

  async close(): Promise<void> {
    for (const stopTimer of this.#timers.values()) stopTimer();
    this.#socket.close();
    await this.#ready.catch(() => {}); // It was reported when it failed.
    await this.#sender?.close();
    this.#sender = undefined;
  }

  async #open(): Promise<void> {
    const { outbox } = await this.#storage;
    const slot = await outbox.take(uuid4(this.#surroundings.randomBytes));
    this.#sender = new Sender({
      slot,
      surroundings: this.#surroundings,
      send: (said) => this.#socket.send(sayFrame(said)),
      reconnect: () => this.#socket.reconnect(),
      onKept: (said) => this.#onKept([said]),
    });
    this.#onKept(slot.device.unsent);
    if (this.#connection.at !== 'closed') this.#socket.start();
  }

  async #token(refused: string | undefined): Promise<string> {
    const { token, url, creatorId } = this.#options;
    if (typeof token === 'function') return token();
    if (token !== undefined) {
      if (token === refused) throw new Refusal('bad_token', 'The token was refused.');
      return token;
    }
    const { visitorTokens } = await this.#storage;
    return visitorTokens.replace(refused, () =>
      requestVisitorToken(this.#surroundings.fetch, url, creatorId),
    );
  }

  #hello(token: string): UpJson {
    this.#helloAfterSeq = topSeq(this.#timeline);
    const tail = this.#options.tail ?? tailDefault;
    const deviceId = this.#sender?.hello() ?? '';
    return { hello: { token, deviceId, afterSeq: this.#helloAfterSeq, tail } };
  }

  #onConnection(connection: Connection): void {
    this.#connection = connection;
    if (connection.at !== 'open') {
      this.#pager.reset();
      this.#sender?.disconnected();
    }
    this.#changed();
  }

  #onFrame(frame: Frame): void {
    this.#options.onFrame?.(frame);
    this.#timeline = applyFrame(this.#timeline, frame.kind === 'welcome' ? this.#upToDate(frame) : frame);
    if (frame.kind === 'welcome') this.#onWelcome(frame);
    if (frame.kind === 'receipt') this.#sender?.receipt(frame);
    if (frame.kind === 'typing') this.#expectTypingToEnd(frame.on);
    if (frame.kind === 'fault') this.#fault = { ...frame, atMs: this.#surroundings.nowMs() };
    this.#pager.onFrame(frame);
    this.#changed();
  }

  /** What came since its hello, over the connection before, does not make the conversation a shorter one. */
  #upToDate(welcome: Welcome): Welcome {
    if (welcome.topSeq < this.#helloAfterSeq) return welcome;
    return { ...welcome, topSeq: Math.max(welcome.topSeq, topSeq(this.#timeline)) };
  }

  #onWelcome(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#pager.reset();
    const unsentBefore = this.#sender?.device.unsent ?? [];
    const goesOn = this.#sender?.welcome(welcome) === true;
    const unsent = new Set(this.#sender?.device.unsent.map(({ id }) => id));
    const stored = unsentBefore.filter(({ id }) => !unsent.has(id)).map(({ id }) => id);
    this.#timeline = forget(this.#timeline, new Set(stored));
    if (!goesOn) return;
    if (this.#readWanted > welcome.readSeq) this.#socket.send({ read: { seq: this.#readWanted } });
    // Another conversation than the one whose position hello gave: only its newest part is sure to be wanted.
    const another = this.#helloAfterSeq > 0 && this.#timeline.base === undefined;
    if (another) this.#pager.before(welcome.topSeq + 1);
    this.#lookForAbandoned(0);
  }

  #onKept(says: readonly UnsentSay[]): void {
    this.#timeline = says.reduce(expect, this.#timeline);
    this.#changed();
  }

  /** The end of typing may be lost with a connection, so it ends by itself. */
  #expectTypingToEnd(on: boolean): void {
    if (!on) {
      this.#timers.get('typing')?.();
      return;
    }
    this.#ring('typing', typingEndsAfterMs, () => {
      this.#timeline = { ...this.#timeline, typing: undefined };
      this.#changed();
    });
  }

  /** Says of a closed tab are this person's too: whoever has nothing of its own to send takes them over. */
  #lookForAbandoned(afterMs: number): void {
    this.#ring('abandoned', afterMs, () => {
      const again = () => {
        if (this.#connection.at !== 'closed') this.#lookForAbandoned(abandonedEveryMs);
      };
      this.#takeAbandoned().then(again, again); // Storage that fails now is asked again then.
    });
  }

  async #takeAbandoned(): Promise<void> {
    const idle = () => this.#connection.at === 'open' && this.#sender?.device.unsent.length === 0;
    if (!idle()) return;
    const { outbox } = await this.#storage;
    const slot = await outbox.takeAbandoned();
    if (!slot) return;
    if (!idle() || !this.#sender) return slot.release();
    this.#ready = this.#sender.moveTo(slot);
    await this.#ready;
    this.#onKept(slot.device.unsent);
    this.#socket.reconnect();
  }

  #ring(timer: 'typing' | 'abandoned', ms: number, then: () => void): void {
    this.#timers.get(timer)?.();
    this.#timers.set(timer, this.#surroundings.after(ms, then));
  }

  #changed(): void {
    this.#state = undefined;
    for (const listener of this.#listeners) listener(this.state());
  }

  #stateNow(): RapportState {
    const { userId, base, messages, pending, answer, typing, readSeq, sockets } = this.#timeline;
    const older = this.#pager.loadingOlder ? 'loading' : 'more';
    return {
      connection: this.#connection,
      userId,
      coach: this.#welcome?.coach ?? { name: '', greeting: '', suggestions: [], people: false },
      textCharsMax: this.#welcome?.textCharsMax ?? limits.textCharsMax,
      messages,
      pending,
      answer,
      typing,
      topSeq: topSeq(this.#timeline),
      readSeq,
      sockets,
      older: base === undefined || base === 0 ? 'none' : older,
      fault: this.#fault,
    };
  }
}

function sayFrame({ clientSeq, id, text, choiceId }: UnsentSay): UpJson {
  return { say: choiceId === '' ? { clientSeq, id, text } : { clientSeq, id, text, choiceId } };
}
