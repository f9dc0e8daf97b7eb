import { expect, test } from 'vitest';
import type { Moment } from '../moment.ts';
import type { PartContext } from '../part.ts';
import { welcomeBack } from './welcome-back.ts';

const dayMs = 86_400_000;
const settings = { afterDays: 30, text: 'Good to see you again.' };
const context = (atMs: number, given: Partial<PartContext<typeof settings>> = {}) => ({
  userId: 'ann',
  atMs,
  answering: 'coach' as const,
  settings,
  ...given,
});
const said: Moment = { kind: 'person_said', seq: 1, text: 'hello', channel: 'web', choiceId: undefined };
const { initial } = welcomeBack;

test('greets a person who writes again after so many days, and only then', () => {
  const first = welcomeBack.on(said, initial, context(1_000));
  expect(first).toEqual({ slice: { saidMs: 1_000 } });
  const early = welcomeBack.on(said, first.slice, context(30 * dayMs + 999));
  expect(early).toEqual({ slice: { saidMs: 30 * dayMs + 999 } });
  const back = welcomeBack.on(said, first.slice, context(30 * dayMs + 1_000));
  expect(back).toEqual({
    slice: { saidMs: 30 * dayMs + 1_000 },
    messages: [{ role: 'COACH', text: 'Good to see you again.' }],
  });
});

test('greets nobody where people answer, and remembers when the person spoke', () => {
  const spoke = { saidMs: 1_000 };
  const back = welcomeBack.on(said, spoke, context(60 * dayMs, { answering: 'people' }));
  expect(back).toEqual({ slice: { saidMs: 60 * dayMs } });
});

test('remembers nothing for a creator who does not want it', () => {
  const off = { settings: undefined };
  expect(welcomeBack.on(said, initial, context(1_000, off)).slice).toBe(initial);
  expect(welcomeBack.on(said, { saidMs: 1_000 }, context(60 * dayMs, off)).slice).toBe(initial);
});

test('is told of other moments and does nothing', () => {
  const spoke = { saidMs: 1_000 };
  const read: Moment = { kind: 'read', seq: 1 };
  expect(welcomeBack.on(read, spoke, context(60 * dayMs))).toEqual({ slice: spoke });
});

test.each([{}, { afterDays: 0, text: 'a' }, { afterDays: 1.5, text: 'a' }, { afterDays: 30, text: '' }])(
  'does not take settings %j',
  (given) => {
    expect(welcomeBack.settings.safeParse(given).success).toBe(false);
  },
);
