import type { MessageStore, StoredMessage } from '@rapport/history/history.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import type { Answered, TurnFailed, TurnStopped } from '@rapport/proto/envelope.ts';
import type { DownJson, SourceJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { tryAgain } from './conversation/turn.ts';

/** Messages given to inference: enough for a follow-up to make sense. */
const contextMessagesMax = 20;
/** One delta a conversation in this time: fast enough to look like typing, slow enough to be cheap. */
const deltaEveryMs = 30;

/** Which answer to write, for whom, and who is to see it grow. */
export interface TurnOrder {
  readonly key: ConversationKey;
  readonly turnId: string;
  readonly attempt: number;
  /** What the person said after this seq is to be answered. */
  readonly answeredSeq: number;
  readonly uptoSeq: number;
  /** Shows a frame to everyone who looks at the conversation. */
  readonly show: (frame: DownJson) => void;
  /** Puts the end of the turn into the log; resolves when it is there. */
  readonly end: (event: Answered | TurnFailed | TurnStopped) => Promise<void>;
}

interface Writing {
  readonly order: TurnOrder;
  readonly stop: AbortController;
  readonly sources: SourceJson[];
  text: string;
  /** How much of `text` was shown. */
  shown: number;
}

/**
 * The answers that this host is writing. A turn runs beside the log and never in it: its text goes to viewers
 * as it grows, its end comes back as an event, so that a minute-long answer holds up nobody.
 */
export class Turns {
  readonly #inference: InferenceClient;
  readonly #history: MessageStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #writing = new Map<string, Writing>();
  readonly #hostStops: AbortSignal;

  constructor(options: {
    readonly inference: InferenceClient;
    readonly history: MessageStore;
    readonly clock: Clock;
    readonly log: Log;
    readonly signal: AbortSignal;
  }) {
    this.#inference = options.inference;
    this.#history = options.history;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#hostStops = options.signal;
    this.#hostStops.addEventListener('abort', () => {
      for (const { stop } of this.#writing.values()) stop.abort();
    });
  }

  get size(): number {
    return this.#writing.size;
  }

  /** The answer being written for a conversation and its text so far. */
  current(name: string): { readonly turnId: string; readonly text: string } | undefined {
    const writing = this.#writing.get(name);
    return writing && { turnId: writing.order.turnId, text: writing.text.slice(0, writing.shown) };
  }

  /** Begins to write; an older attempt of the same conversation is given up. */
  start(order: TurnOrder): void {
    const name = conversationName(order.key);
    this.#writing.get(name)?.stop.abort();
    const writing: Writing = { order, stop: new AbortController(), sources: [], text: '', shown: 0 };
    this.#writing.set(name, writing);
    void this.#write(name, writing); // It answers for its own failures: every turn ends in the log.
  }

  /** The person wants no more of it; what is written stays. A stop for another turn does nothing. */
  stop(name: string, turnId: string): void {
    const writing = this.#writing.get(name);
    if (writing?.order.turnId === turnId) writing.stop.abort();
  }

  /** Gives up answers that another host writes from now on: the log does not hear of it. */
  forget(isTheirs: (name: string) => boolean): void {
    for (const [name, { stop }] of this.#writing) {
      if (!isTheirs(name)) continue;
      this.#writing.delete(name);
      stop.abort();
    }
  }

  async #write(name: string, writing: Writing): Promise<void> {
    const { order } = writing;
    const end = await this.#generate(writing);
    // Given up for a newer attempt, or for a host that goes away: then the log must not hear of it.
    if (this.#hostStops.aborted || this.#writing.get(name) !== writing) return;
    try {
      await order.end(end);
    } catch (failure) {
      this.#log.error(
        { conversation: name, turnId: order.turnId, reason: reasonOf(failure) },
        'turn without end',
      );
    } finally {
      if (this.#writing.get(name) === writing) this.#writing.delete(name);
    }
  }

  async #generate(writing: Writing): Promise<Answered | TurnFailed | TurnStopped> {
    const { turnId } = writing.order;
    const endDeltas = this.#clock.every(deltaEveryMs, () => showMore(writing));
    try {
      await this.#take(writing);
      if (writing.text.trim() === '') return { kind: 'turn_failed', turnId, code: 'model_failed' };
      return { kind: 'answered', turnId, text: writing.text, sources: writing.sources };
    } catch (failure) {
      const { text, sources } = writing;
      if (writing.stop.signal.aborted) return { kind: 'turn_stopped', turnId, text, sources };
      this.#log.warn({ turnId, reason: reasonOf(failure) }, 'turn failed');
      return { kind: 'turn_failed', turnId, code: failure instanceof Fault ? failure.code : 'model_failed' };
    } finally {
      endDeltas();
      showMore(writing);
    }
  }

  async #take(writing: Writing): Promise<void> {
    const { key, turnId, attempt, answeredSeq, uptoSeq } = writing.order;
    const { signal } = writing.stop;
    const page = await this.#history.page(key, { beforeSeq: uptoSeq + 1, limit: contextMessagesMax });
    const messages = questionLast(page, answeredSeq);
    for await (const piece of this.#inference.generate({ ...key, turnId, attempt, messages }, signal)) {
      signal.throwIfAborted();
      if (piece.kind === 'delta') {
        writing.text += piece.text;
        if (writing.shown === 0) showMore(writing);
      } else if (piece.kind === 'citation') {
        writing.sources.push(piece.source);
      }
    }
    signal.throwIfAborted();
  }
}

/**
 * What was said while the answer before was being written lies above that answer, but it is what is asked
 * now: a model wants it last. Asking to try again asks nothing new.
 */
export function questionLast(page: readonly StoredMessage[], answeredSeq: number): readonly StoredMessage[] {
  const isAsked = ({ role, seq }: StoredMessage) => role === 'USER' && seq > answeredSeq;
  const asked = page.filter(isAsked);
  const questions = asked.filter(({ text }) => text !== tryAgain);
  return [...page.filter((message) => !isAsked(message)), ...(questions.length > 0 ? questions : asked)];
}

/** Shows what was written since the last time. */
function showMore(writing: Writing): void {
  if (writing.shown === writing.text.length) return;
  const { turnId } = writing.order;
  writing.order.show({ delta: { turnId, offset: writing.shown, text: writing.text.slice(writing.shown) } });
  writing.shown = writing.text.length;
}
