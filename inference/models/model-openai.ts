import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { Passage } from '../library/passages.ts';
import type { ModelPiece } from '../piece.ts';
import { AnswerText } from './answer-text.ts';
import type { Model } from './model.ts';
import { promptOf } from './prompt.ts';
import { providerError } from './provider-error.ts';
import { Watchdog } from './watchdog.ts';

export interface OpenAiOptions {
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly answerTokensMax: number;
  readonly passagesMax: number;
  /** A model that has said nothing by then, connecting included, has failed. */
  readonly firstTokenMs: number;
  /** A model that sends nothing for this long in the middle of an answer has failed. */
  readonly idleMs: number;
}

/**
 * Answers by any endpoint that speaks the OpenAI chat completions protocol, from the passages that were
 * found.
 */
export function createOpenAiModel(options: OpenAiOptions): Model {
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey || 'none', // The package wants one even where the endpoint does not.
    maxRetries: 0, // The turn's deadline is short; the person may ask again.
    timeout: options.firstTokenMs,
    logLevel: 'off', // The package would print what the endpoint sent, the person's text included.
  });
  return {
    name: options.model,
    async *answer(question, signal) {
      const passages = question.found.matches.slice(0, options.passagesMax).map(({ passage }) => passage);
      const watchdog = new Watchdog(options.clock, 'the model');
      const given = AbortSignal.any([signal, watchdog.signal]);
      const messages = promptOf(question, passages);
      try {
        watchdog.expect(options.firstTokenMs);
        const chunks = await client.chat.completions.create(
          {
            model: options.model,
            messages,
            max_completion_tokens: options.answerTokensMax,
            stream: true,
            stream_options: { include_usage: true },
          },
          { signal: given },
        );
        const heard = heardOf(chunks, () => watchdog.expect(options.idleMs));
        yield* piecesOf(heard, {
          passages,
          model: options.model,
          unknownAnswer: question.creator.unknownAnswer,
        });
      } catch (failure) {
        // The package ends an aborted stream as if it were over: that it was cut shows by the missing
        // finish_reason.
        const secrets = [options.apiKey, ...messages.map(({ content }) => String(content))];
        throw given.aborted ? given.reason : asFault(failure, secrets);
      } finally {
        watchdog.rest();
      }
    },
  };
}

async function* heardOf<T>(chunks: AsyncIterable<T>, onChunk: () => void): AsyncIterable<T> {
  for await (const chunk of chunks) {
    onChunk();
    yield chunk;
  }
}

async function* piecesOf(
  chunks: AsyncIterable<OpenAI.ChatCompletionChunk>,
  about: {
    readonly passages: readonly Passage[];
    readonly model: string;
    readonly unknownAnswer: string;
  },
): AsyncIterable<ModelPiece> {
  const answer = new AnswerText();
  let finish: string | null = null;
  let usage = { promptTokens: 0, answerTokens: 0 };
  for await (const chunk of chunks) {
    const [choice] = chunk.choices;
    const delta = answer.take(choice?.delta?.content ?? '');
    if (delta !== '') yield { kind: 'delta', text: delta };
    if (chunk.usage) {
      usage = { promptTokens: chunk.usage.prompt_tokens, answerTokens: chunk.usage.completion_tokens };
    }
    finish = answer.isFull ? 'length' : (choice?.finish_reason ?? finish);
    if (answer.isFull) break;
  }
  const rest = answer.end();
  if (rest !== '') yield { kind: 'delta', text: rest };
  const { text } = answer;
  if (finish === null)
    throw new Fault('model_failed', 'Cannot use an answer that ended without a finish_reason');
  if (text.trim() === '') throw new Fault('model_failed', 'Cannot use an answer without text');
  const unknown = text.trim().startsWith(about.unknownAnswer.trim());
  if (!unknown) yield* citationsOf(about.passages);
  yield { kind: 'usage', ...usage, model: about.model };
  yield { kind: 'done', reason: unknown ? 'UNKNOWN' : finish === 'length' ? 'LENGTH' : 'ANSWERED' };
}

/** Every document that the model was given, once, with its best passage. */
function citationsOf(passages: readonly Passage[]): readonly ModelPiece[] {
  const byDocument = new Map<string, Passage>();
  for (const passage of passages) {
    const { documentId } = passage;
    if (!byDocument.has(documentId)) byDocument.set(documentId, passage);
  }
  return [...byDocument.values()].map(({ text, documentId, title, url }) => ({
    kind: 'citation',
    source: { documentId, title, url, quote: text },
  }));
}

function asFault(failure: unknown, secrets: readonly string[]): Fault {
  if (failure instanceof Fault) return failure;
  const fault = (code: Fault['code'], what: string) =>
    new Fault(code, `Cannot get an answer: ${what}`, providerError(failure, secrets));
  if (failure instanceof APIConnectionTimeoutError)
    return fault('model_timeout', 'the endpoint did not respond');
  if (failure instanceof APIConnectionError)
    return fault('model_unavailable', 'the endpoint can not be reached');
  if (!(failure instanceof APIError)) return fault('model_failed', 'the stream broke');
  if (failure.status === 429) return fault('model_busy', 'the endpoint is busy');
  if ([502, 503, 504].includes(failure.status ?? 0))
    return fault('model_unavailable', 'the endpoint is down');
  return fault('model_failed', `the endpoint answered with status ${failure.status ?? 'unknown'}`);
}
