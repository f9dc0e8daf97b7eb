import type { Clock } from '@rapport/runtime/clock.ts';
import type { Model, Question } from '../models/model.ts';
import type { DoneReason, ModelPiece } from '../piece.ts';
import { compose } from './compose.ts';
import { smallTalk } from './small-talk.ts';

/**
 * Answers with the sentences of the creator's documents that fit best, word for word, and says which; says
 * plainly when it does not know. Needs no network and no weights.
 */
export function createExtractiveModel(options: {
  readonly clock: Clock;
  /** The pause between two deltas, so that a person sees the answer being written; 0 for none. */
  readonly deltaMs: number;
}): Model {
  return {
    name: 'extractive',
    async *answer(question, signal) {
      const { text, pieces, reason } = written(question);
      for (const [at, delta] of deltasOf(text).entries()) {
        if (at > 0 && options.deltaMs > 0) await options.clock.sleep(options.deltaMs, signal);
        signal.throwIfAborted();
        yield { kind: 'delta', text: delta };
      }
      yield* pieces;
      yield {
        kind: 'usage',
        promptTokens: wordCount(question.messages.map((message) => message.text).join(' ')),
        answerTokens: wordCount(text),
        model: 'extractive',
      };
      yield { kind: 'done', reason };
    },
  };
}

function written(question: Question): {
  readonly text: string;
  readonly pieces: readonly ModelPiece[];
  readonly reason: DoneReason;
} {
  const { creator, messages, found } = question;
  const talk = smallTalk(messages.at(-1)?.text ?? '', creator);
  if (talk !== undefined) return { text: talk, pieces: [], reason: 'ANSWERED' };
  const composed = compose(found);
  if (composed === undefined) return { text: creator.unknownAnswer, pieces: [], reason: 'UNKNOWN' };
  const pieces = composed.sources.map((source) => ({ kind: 'citation', source }) as const);
  return { text: composed.text, pieces, reason: 'ANSWERED' };
}

/**
 * Word by word, each with the space before it. Without the end's spaces: the search would try each of them.
 */
function deltasOf(text: string): readonly string[] {
  return text.trimEnd().match(/\s*\S+/g) ?? [];
}

function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}
