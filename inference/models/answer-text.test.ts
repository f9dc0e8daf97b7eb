import { answerCharsMax } from '@rapport/proto/limits.ts';
import { describe, expect, it } from 'vitest';
import { AnswerText } from './answer-text.ts';

/** The deltas of a stream of these chunks. */
function given(...chunks: readonly string[]) {
  const answer = new AnswerText();
  const parts = [...chunks.map((chunk) => answer.take(chunk)), answer.end()];
  return { parts, answer };
}

describe('AnswerText', () => {
  it('holds the first half of a surrogate pair back until the second comes', () => {
    expect(given('Hi \ud83d', '\ude00!').parts).toEqual(['Hi ', '😀!', '']);
    expect(given('\ud83d', '', '\ude00').parts).toEqual(['', '', '😀', '']);
  });

  it('gives the sign for what is missing where the second half never comes', () => {
    expect(given('a\ud83d', 'b').parts).toEqual(['a', '\ufffdb', '']);
    expect(given('a\ud83d').parts).toEqual(['a', '\ufffd']);
    expect(given('\ude00').parts).toEqual(['\ufffd', '']);
  });

  it.each([
    ['letters', 'x', answerCharsMax],
    ['emoji across the limit', '😀', answerCharsMax],
    ['characters of several signs', '👨‍👩‍👧', answerCharsMax - (answerCharsMax % '👨‍👩‍👧'.length)],
  ])('never gives more than the longest answer: %s', (_what, sign, chars) => {
    const { parts, answer } = given(sign.repeat(100), sign.repeat(40_000), sign);
    expect(answer.isFull).toBe(true);
    expect(answer.text.length).toBeLessThanOrEqual(answerCharsMax);
    expect(answer.text.length).toBeGreaterThanOrEqual(chars - 100);
    expect(answer.text.isWellFormed()).toBe(true);
    expect(parts.join('')).toBe(answer.text);
    expect(parts[2]).toBe('');
  });

  it('is not cut by an answer that just fits', () => {
    const { answer } = given('x'.repeat(answerCharsMax));
    expect([answer.isFull, answer.text.length]).toEqual([false, answerCharsMax]);
  });
});
