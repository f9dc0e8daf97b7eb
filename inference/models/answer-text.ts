import { answerCharsMax } from '@rapport/proto/limits.ts';
import { beginningOf, isHighSurrogate } from '../library/cut-text.ts';

/**
 * The text of an answer as it grows. A chunk of a model may end between the halves of a surrogate pair: the
 * first half waits for the second, because each alone would be sent as U+FFFD. The whole never exceeds
 * answerCharsMax.
 */
export class AnswerText {
  #text = '';
  #half = '';
  #isFull = false;

  get text(): string {
    return this.#text;
  }

  /** The answer was cut: nothing that follows is taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The part of the answer that the chunk completes; may be empty. */
  take(chunk: string): string {
    const all = this.#half + chunk;
    const endsInHalf = isHighSurrogate(all.charCodeAt(all.length - 1));
    this.#half = endsInHalf ? all.slice(-1) : '';
    return this.#add(endsInHalf ? all.slice(0, -1) : all);
  }

  /** The text that is still held back when the model has ended. */
  end(): string {
    const half = this.#half;
    this.#half = '';
    return this.#add(half);
  }

  #add(more: string): string {
    if (this.#isFull) return '';
    const room = answerCharsMax - this.#text.length;
    this.#isFull = more.length > room;
    const taken = beginningOf(more, room).toWellFormed();
    this.#text += taken;
    return taken;
  }
}
