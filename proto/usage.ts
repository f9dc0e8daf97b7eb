/**
 * Model, tokens and times of an answer. They come back with the event that ends the turn and are stored with
 * the message. The gateway does not show them to people.
 */
export interface Usage {
  /** The attempt that this is about. */
  readonly attempt: number;
  /** The model, as the inference service names it; absent when the service was not heard to the end. */
  readonly model?: string;
  readonly promptTokens?: number;
  readonly answerTokens?: number;
  /** From the start of the attempt to its first text; absent when there was none. */
  readonly firstTextMs?: number;
  /** From the start of the attempt to its end. */
  readonly wholeMs: number;
}
