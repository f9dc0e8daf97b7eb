import type { Creator } from '@rapport/catalog/creator.ts';
import type { Message } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Found } from '../library/found.ts';
import type { ModelPiece } from '../piece.ts';

/**
 * The input of a model: the creator, the conversation (oldest message first), and the passages of the
 * creator's knowledge that match the question.
 */
export interface Question {
  readonly creator: Creator;
  /** The newest messages of the conversation; the last one is the person's and is to be answered. */
  readonly messages: readonly Message[];
  readonly found: Found;
}

/**
 * A writer of answers: `model-extractive.ts` without network or weights, `model-openai.ts` by any
 * compatible endpoint.
 */
export interface Model {
  readonly name: string;
  /**
   * Writes one answer: deltas and citations, then usage, then done. Ends early, by throwing the signal's
   * reason, when the signal aborts. Throws Fault model_unavailable, model_busy, model_timeout or
   * model_failed.
   */
  answer(question: Question, signal: AbortSignal): AsyncIterable<ModelPiece>;
}
