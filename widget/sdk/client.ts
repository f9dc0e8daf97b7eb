import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Frame, Welcome } from './frame.ts';
import type { UnsentSay } from './outbox.ts';
import { Pager } from './pager.ts';
import type { Rapport, RapportOptions, RapportState } from './rapport.ts';
import type { Keeping } from './sender.ts';
import { SlotHolder } from './slot-holder.ts';
import { ClientSocket, type Connection } from './socket.ts';
import { stateOf } from './state.ts';
import { memoryStorage, type Storage } from './storage.ts';
import { type Surroundings, systemSurroundings } from './surroundings.ts';
import {
  applyFrame,
  disconnected,
  dismiss,
  emptyTimeline,
  expect,
  type Timeline,
  topSeq,
} from './timeline.ts';
import { TokenSource } from './token-source.ts';
import { TypingSignal } from './typing-signal.ts';

const tailDefault = 50;
const typingEndsAfterMs = 10_000;
/** How often a client without unsent messages looks for an outbox whose tab or process is gone. */
const abandonedEveryMs = 30_000;
/** How often a page that stays open looks whether its visitor's token is due. */
const renewalEveryMs = 60 * 60 * 1_000;

type Alarm = 'typing' | 'abandoned' | 'renewal';

export function createRapport(options: RapportOptions): Rapport {
  const client = new Client(options);
  client.start();
  return client;
}

class Client implements Rapport {
  readonly #options: RapportOptions;
  readonly #surroundings: Surroundings;
  readonly #storage: Promise<Storage>;
  readonly #tokens: TokenSource;
  readonly #typing: TypingSignal;
  readonly #socket: ClientSocket;
  readonly #pager: Pager;
  readonly #listeners = new Set<(state: RapportState) => void>();
  readonly #slots: SlotHolder;
  #ready: Promise<unknown> = Promise.resolve();
  #timeline: Timeline;
  #connection: Connection = { at: 'connecting' };
  #welcome: Welcome | undefined;
  #fault: RapportState['fault'];
  #state: RapportState | undefined;
  #helloAfterSeq = 0;
  #readWanted = 0;
  #isForgetful: () => boolean = () => false;
  readonly #timers = new Map<Alarm, () => void>();

  constructor(options: RapportOptions) {
    this.#options = options;
    this.#surroundings = options.surroundings ?? systemSurroundings();
    this.#storage = Promise.resolve(options.storage ?? memoryStorage());
    const { url, creatorId, token } = options;
    this.#tokens = new TokenSource({
      ...{ url, creatorId, token },
      storage: this.#storage,
      surroundings: this.#surroundings,
    });
    this.#timeline = emptyTimeline(options.afterSeq);
    this.#typing = new TypingSignal({
      surroundings: this.#surroundings,
      send: (on) => this.#socket.send({ typing: { on } }),
    });
    this.#pager = new Pager({
      surroundings: this.#surroundings,
      send: (page) => this.#socket.send(page),
      timeline: () => this.#timeline,
      onChange: () => this.#changed(),
    });
    this.#slots = new SlotHolder({
      storage: this.#storage,
      surroundings: this.#surroundings,
      send: (up) => this.#socket.send(up),
      reconnect: () => this.#socket.reconnect(),
      onOtherPerson: () => this.#changePerson(),
      onKept: (said) => this.#onKept([said]),
    });
    this.#socket = new ClientSocket({
      url,
      surroundings: this.#surroundings,
      token: (refused) => this.#tokens.token(refused),
      hello: (token) => this.#hello(token),
      probe: () => ({ page: { afterSeq: topSeq(this.#timeline), limit: 1 } }),
      onFrame: (frame) => this.#onFrame(frame),
      onConnection: (connection) => this.#onConnection(connection),
    });
  }

  start(): void {
    this.#ready = this.#open();
    this.#ready.catch((failure) => this.#onFailure(failure));
  }

  async say(text: string, choiceId = ''): Promise<Keeping> {
    try {
      await this.#ready;
    } catch (failure) {
      return { ok: false, code: 'busy', reason: `Cannot keep messages on this device: ${String(failure)}` };
    }
    if (!this.#slots.sender) throw new Error('Cannot say anything: the conversation is closed');
    return this.#slots.sender.say(text, choiceId);
  }

  stop(): void {
    const { answer } = this.#timeline;
    if (answer?.at === 'writing') this.#socket.send({ stop: { turnId: answer.turnId } });
  }

  typing(on: boolean): void {
    this.#typing.set(on);
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
    this.#timeline = dismiss(this.#timeline, id);
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
    this.#state ??= stateOf({
      connection: this.#connection,
      timeline: this.#timeline,
      welcome: this.#welcome,
      isLoadingOlder: this.#pager.loadingOlder,
      fault: this.#fault,
      keeping: this.#isForgetful() ? 'page' : 'device',
    });
    return this.#state;
  }

  async close(): Promise<void> {
    for (const stopTimer of this.#timers.values()) stopTimer();
    this.#socket.close();
    await this.#ready.catch(() => {}); // It was reported when it failed.
    await this.#slots.close();
  }

  async #open(): Promise<void> {
    const { isForgetful } = await this.#storage;
    this.#isForgetful = isForgetful ?? this.#isForgetful;
    const userId = await this.#tokens.knownUserId();
    const slot = await this.#slots.open(userId);
    // Until a welcome tells whose they are, another person's says are not shown.
    if (userId !== undefined || slot.device.userId === '') this.#onKept(slot.device.unsent);
    if (this.#connection.at !== 'closed') this.#socket.start();
  }

  /** The token is another person's than the outbox: what is unsent stays there, for that person alone. */
  #changePerson(): void {
    this.#readWanted = 0;
    this.#ready = this.#takeSlotOf(this.#timeline.userId);
    this.#ready.catch((failure) => this.#onFailure(failure));
  }

  async #takeSlotOf(userId: string): Promise<void> {
    const slot = await this.#slots.changeTo(userId);
    this.#timeline = { ...this.#timeline, pending: [] };
    this.#onKept(slot.device.unsent);
    this.#socket.reconnect();
  }

  #onFailure(failure: unknown): void {
    this.#onConnection({ at: 'stopped', code: 'internal', reason: String(failure) });
  }

  #hello(token: string): UpJson {
    this.#helloAfterSeq = topSeq(this.#timeline);
    const tail = this.#options.tail ?? tailDefault;
    const deviceId = this.#slots.sender?.hello() ?? '';
    return { hello: { token, deviceId, afterSeq: this.#helloAfterSeq, tail } };
  }

  #onConnection(connection: Connection): void {
    this.#connection = connection;
    if (connection.at !== 'open') {
      this.#pager.reset();
      this.#slots.sender?.disconnected();
      this.#timeline = disconnected(this.#timeline);
    }
    this.#changed();
  }

  #onFrame(frame: Frame): void {
    this.#options.onFrame?.(frame);
    this.#timeline = applyFrame(this.#timeline, frame.kind === 'welcome' ? this.#upToDate(frame) : frame);
    if (frame.kind === 'welcome') this.#onWelcome(frame);
    if (frame.kind === 'receipt') this.#slots.sender?.receipt(frame);
    if (frame.kind === 'typing') this.#expectTypingToEnd(frame.on);
    if (frame.kind === 'fault') this.#fault = { ...frame, atMs: this.#surroundings.nowMs() };
    this.#pager.onFrame(frame);
    this.#changed();
  }

  /** Messages that came since this hello, over the connection before, do not shorten the conversation. */
  #upToDate(welcome: Welcome): Welcome {
    if (welcome.topSeq < this.#helloAfterSeq) return welcome;
    return { ...welcome, topSeq: Math.max(welcome.topSeq, topSeq(this.#timeline)) };
  }

  #onWelcome(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#pager.reset();
    if (welcome.serverTimeMs > 0) this.#tokens.serverTime(welcome.serverTimeMs);
    if (this.#slots.sender?.welcome(welcome) !== true) return;
    this.#onKept(this.#slots.sender.device.unsent);
    if (this.#readWanted > welcome.readSeq) this.#socket.send({ read: { seq: this.#readWanted } });
    // Another conversation than the one whose position hello gave begins with its newest part.
    if (this.#helloAfterSeq > 0 && this.#timeline.base === undefined) this.#pager.before(welcome.topSeq + 1);
    this.#repeat('abandoned', { firstMs: 0, everyMs: abandonedEveryMs }, () => this.#takeAbandoned());
    if (!this.#tokens.isVisitor) return;
    const renewal = { firstMs: renewalEveryMs, everyMs: renewalEveryMs };
    this.#repeat('renewal', renewal, () => this.#tokens.token(undefined));
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

  /** Does it again and again until the client is closed. A failure is tried again the next time. */
  #repeat(
    timer: Alarm,
    { firstMs, everyMs }: { readonly firstMs: number; readonly everyMs: number },
    act: () => Promise<unknown>,
  ): void {
    this.#ring(timer, firstMs, () => {
      const again = () => {
        if (this.#connection.at !== 'closed') this.#repeat(timer, { firstMs: everyMs, everyMs }, act);
      };
      act().then(again, again);
    });
  }

  /** Says of a closed tab are this person's too: a client that has nothing of its own to send takes them. */
  async #takeAbandoned(): Promise<void> {
    const isIdle = () => this.#connection.at === 'open' && this.#slots.sender?.device.unsent.length === 0;
    if (!isIdle()) return;
    const slot = await this.#slots.takeAbandoned(this.#timeline.userId, isIdle);
    if (!slot) return;
    this.#ready = this.#slots.moveTo(slot);
    await this.#ready;
    this.#onKept(slot.device.unsent);
    this.#socket.reconnect();
  }

  #ring(timer: Alarm, ms: number, then: () => void): void {
    this.#timers.get(timer)?.();
    this.#timers.set(timer, this.#surroundings.after(ms, then));
  }

  #changed(): void {
    this.#state = undefined;
    for (const listener of this.#listeners) listener(this.state());
  }
}
