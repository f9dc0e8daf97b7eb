import { describe, expect, it } from 'vitest';
import { providerError } from './provider-error.ts';

const key = 'sk-proj-abcdefghijklmnopqrstuvwxyz';
const said = 'My sister is called Ottilie and I cannot sleep since she left';
const clean = (text: string, ...secrets: string[]) =>
  providerError(new Error(text), [key, said, ...secrets]).message;

describe('providerError()', () => {
  it('strikes out the API key and what the endpoint was sent, whole or in part', () => {
    expect(clean(`401 Incorrect API key provided: ${key}.`)).toBe('401 Incorrect API key provided: ….');
    expect(clean(`Incorrect key sk-proj-abcdefgh****wxyz`)).not.toContain('abcdefgh');
    expect(clean(`Too long: "${said}"`)).toBe('Too long: "…"');
    expect(clean(`Bad input near: called Ottilie and I cann, col 7`)).not.toContain('Ottilie');
    expect(clean(JSON.stringify({ error: { input: `${said}\n"quoted"` } }))).not.toContain('sister');
    expect(clean('I do not know short, or short', 'short')).toBe('I do not know …, or …');
  });

  it('strikes out the causes of a failure too, and keeps what explains it', () => {
    const failure = new Error('the stream broke', { cause: new Error(`unexpected: ${said}`) });
    expect(providerError(failure, [said]).message).toBe('the stream broke: unexpected: …');
    expect(clean('maximum context length is 8192 tokens')).toBe('maximum context length is 8192 tokens');
  });

  it('is at most 300 characters long, and quick for a long error and a long prompt', () => {
    const beganMs = performance.now();
    expect(clean('x'.repeat(1_000_000), 'x'.repeat(640_000)).length).toBeLessThanOrEqual(300);
    const prompt = Array.from({ length: 64_000 }, (_, at) => `word${at} `).join('');
    expect(clean(`Page: ${'<html> 😀'.repeat(10_000)}`, prompt).length).toBeLessThanOrEqual(300);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});
