import { type MessageStore, type StoredMessage, shown } from '@rapport/history/history.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import type { Answered, TurnFailed, TurnStopped } from '@rapport/proto/envelope.ts';
import type { DownJson, SourceJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Usage } from '@rapport/proto/usage.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Turn } from './conversation/state.ts';
import { tryAgain } from './conversation/turn.ts';

/** Messages given to inference: enough for a follow-up to make sense. */
const contextMessagesMax = 20;
/** One delta a conversation in this time: fast enough to look like typing, slow enough to be cheap. */
const deltaEveryMs = 30;

type TurnEnd = Answered | TurnFailed | TurnStopped;

/** An order to write one answer, with the ways to show its growing text and to end the turn. */
export interface TurnOrder {
  readonly key: ConversationKey;
  readonly turnId: string;
  readonly attempt: number;
  /** The version of the creator's configuration that the turn began with. */
  readonly configVersion: number;
  /** Messages of the person after this seq and up to `askedSeq` are to be answered. */
  readonly answeredSeq: number;
  readonly askedSeq: number;
  readonly uptoSeq: number;
  /** Shows a frame to everyone who looks at the conversation. */
  readonly show: (frame: DownJson) => void;
  /** Puts the end of the turn into the log; resolves when it is there. Rejects when the host gives it up. */
  readonly end: (event: TurnEnd) => Promise<void>;
}

export interface TurnsOptions {
  readonly inference: InferenceClient;
  readonly history: MessageStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the host stops. */
  readonly signal: AbortSignal;
}

interface Writing {
  readonly order: TurnOrder;
  readonly stop: AbortController;
  readonly sources: SourceJson[];
  text: string;
  /** The length of the part of `text` that was shown. */
  shown: number;
  usage: Omit<Usage, 'wholeMs'>;
}

/**
 * The answers that this host is writing. A turn runs beside the log and never in it: its text goes to viewers
 * as it grows, its end comes back as an event, so that a minute-long answer holds up nobody.
 */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #writing = new Map<string, Writing>();

  constructor(options: TurnsOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => {
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

  /** Begins to write. An older attempt of the same conversation is given up. */
  start(order: TurnOrder): void {
    const name = conversationName(order.key);
    this.#giveUp(name);
    const { attempt } = order;
    const stop = new AbortController();
    const writing: Writing = { order, stop, sources: [], text: '', shown: 0, usage: { attempt } };
    this.#writing.set(name, writing);
    void this.#write(name, writing); // It handles its own failures: every turn ends in the log.
  }

  /** The person wants no more of the answer; what is written stays. A stop for another turn does nothing. */
  stop(name: string, turnId: string): void {
    const writing = this.#writing.get(name);
    if (writing?.order.turnId === turnId) writing.stop.abort();
  }

  /**
   * Gives up an answer whose turn the log has ended, for example by the answer of an earlier attempt. The
   * model would go on with a text that nobody reads.
   */
  keepOnly(name: string, turn: Turn): void {
    const order = this.#writing.get(name)?.order;
    if (order === undefined) return;
    if (turn.at === 'running' && turn.turnId === order.turnId && turn.attempt === order.attempt) return;
    this.#giveUp(name);
  }

  /** Gives up answers that another host writes from now on. */
  forget(isTheirs: (name: string) => boolean): void {
    for (const name of this.#writing.keys()) if (isTheirs(name)) this.#giveUp(name);
  }

  /** The log does not hear of it. */
  #giveUp(name: string): void {
    const writing = this.#writing.get(name);
    this.#writing.delete(name);
    writing?.stop.abort();
  }

  async #write(name: string, writing: Writing): Promise<void> {
    const isGivenUp = () => this.#options.signal.aborted || this.#writing.get(name) !== writing;
    const end = await this.#generate(writing);
    if (isGivenUp()) return;
    try {
      await writing.order.end(end);
    } catch (failure) {
      if (isGivenUp()) return;
      const { turnId } = writing.order;
      this.#options.log.error({ conversation: name, turnId, reason: reasonOf(failure) }, 'turn without end');
    } finally {
      if (this.#writing.get(name) === writing) this.#writing.delete(name);
    }
  }

  async #generate(writing: Writing): Promise<TurnEnd> {
    const { clock } = this.#options;
    const beganMs = clock.monotonicMs();
    const endDeltas = clock.every(deltaEveryMs, () => showMore(writing));
    const outcome = await this.#take(writing, beganMs);
    endDeltas();
    if (endsInHalf(writing.text)) writing.text = writing.text.slice(0, -1); // The other half never came.
    showMore(writing);
    const usage: Usage = { ...writing.usage, wholeMs: Math.round(clock.monotonicMs() - beganMs) };
    return endOf(writing, outcome, usage);
  }

  /** Takes the answer as the model writes it; returns how that ended. */
  async #take(writing: Writing, beganMs: number): Promise<Outcome> {
    try {
      await this.#pieces(writing, beganMs);
      return writing.text.trim() === '' ? { at: 'failed', code: 'model_failed' } : { at: 'whole' };
    } catch (failure) {
      if (writing.stop.signal.aborted) return { at: 'stopped' };
      const { turnId } = writing.order;
      this.#options.log.warn({ turnId, reason: reasonOf(failure) }, 'turn failed');
      return { at: 'failed', code: failure instanceof Fault ? failure.code : 'model_failed' };
    }
  }

  async #pieces(writing: Writing, beganMs: number): Promise<void> {
    const { history, inference, clock } = this.#options;
    const { key, turnId, attempt, configVersion, uptoSeq } = writing.order;
    const { signal } = writing.stop;
    const page = await history.page(key, { beforeSeq: uptoSeq + 1, limit: contextMessagesMax });
    const messages = questionLast(page, writing.order).map(shown);
    const request = { ...key, turnId, attempt, configVersion, messages };
    for await (const piece of inference.generate(request, signal)) {
      signal.throwIfAborted();
      if (piece.kind === 'delta') {
        if (writing.text === '')
          writing.usage = { ...writing.usage, firstTextMs: Math.round(clock.monotonicMs() - beganMs) };
        writing.text += piece.text;
        if (writing.shown === 0) showMore(writing);
      } else if (piece.kind === 'citation') {
        writing.sources.push(piece.source);
      } else if (piece.kind === 'usage') {
        const { model, promptTokens, answerTokens } = piece;
        writing.usage = { ...writing.usage, model, promptTokens, answerTokens };
      }
    }
    signal.throwIfAborted();
  }
}

type Outcome =
  | { readonly at: 'whole' }
  | { readonly at: 'stopped' }
  | { readonly at: 'failed'; readonly code: string };

function endOf({ order, text, sources }: Writing, outcome: Outcome, usage: Usage): TurnEnd {
  const { turnId, attempt } = order;
  switch (outcome.at) {
    case 'whole':
      return { kind: 'answered', turnId, attempt, text, sources, usage };
    case 'stopped':
      return { kind: 'turn_stopped', turnId, attempt, text, sources, usage };
    case 'failed':
      return { kind: 'turn_failed', turnId, attempt, code: outcome.code, usage };
    default:
      return outcome satisfies never;
  }
}

/**
 * Messages that the person sent while the previous answer was being written lie above that answer, but they
 * are the question now, and a model wants the question last. Asking to try again asks nothing new.
 */
export function questionLast(
  page: readonly StoredMessage[],
  { answeredSeq, askedSeq }: Pick<TurnOrder, 'answeredSeq' | 'askedSeq'>,
): readonly StoredMessage[] {
  const isAsked = ({ role, seq }: StoredMessage) => role === 'USER' && seq > answeredSeq && seq <= askedSeq;
  const asked = page.filter(isAsked);
  const questions = asked.filter(({ text }) => text !== tryAgain);
  return [...page.filter((message) => !isAsked(message)), ...(questions.length > 0 ? questions : asked)];
}

/**
 * Shows what was written since the last time. The first half of a surrogate pair waits for the second: alone
 * it would reach clients as U+FFFD.
 */
function showMore(writing: Writing): void {
  const end = writing.text.length - (endsInHalf(writing.text) ? 1 : 0);
  if (writing.shown === end) return;
  const { turnId } = writing.order;
  writing.order.show({
    delta: { turnId, offset: writing.shown, text: writing.text.slice(writing.shown, end) },
  });
  writing.shown = end;
}

function endsInHalf(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1); // NaN of an empty text.
  return unit >= 0xd800 && unit <= 0xdbff;
}
