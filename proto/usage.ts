/**
 * What an answer took. It comes back with the event that ends the turn and is stored with the message; the
 * gateway does not show it to people.
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
