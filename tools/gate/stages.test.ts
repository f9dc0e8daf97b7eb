import { expect, test, vi } from 'vitest';
import { type Job, runStages } from './stages.ts';

test('runStages() runs queues side by side, jobs and stages one after the other, and adds up', async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const story: string[] = [];
  const job =
    (name: string, failed = 0): Job =>
    async () => {
      story.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      story.push(`${name} ends`);
      return { name, passed: 3, failed, seconds: 0, output: '' };
    };
  const status = await runStages([[[job('a'), job('b')], [job('c')]], [[job('d', 2)]]]);
  expect(story.slice(0, 2)).toEqual(['a begins', 'c begins']);
  expect(story.indexOf('b begins')).toBeGreaterThan(story.indexOf('a ends'));
  expect(story.slice(-2)).toEqual(['d begins', 'd ends']);
  expect(print.mock.calls).toEqual([['\n12 passed, 2 failed']]);
  expect(status).toBe(1);
  print.mockRestore();
});
