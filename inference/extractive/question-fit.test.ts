import { describe, expect, it } from 'vitest';
import { askedIn, fitOf, offerOf } from './question-fit.ts';

const weightOf = () => 2;
const offer = (heading: string, more: { title?: string; index?: number; text?: string } = {}) =>
  offerOf({ title: 'Rest', index: 1, text: 'Some words.', ...more, heading });
const fit = (question: string, ...of: Parameters<typeof offer>) =>
  fitOf(askedIn(question), offer(...of), weightOf);

describe('askedIn()', () => {
  it.each([
    ['How much sleep do I need?', 'amount'],
    ['How long does a nap last?', 'duration'],
    ['How often should I rest?', 'frequency'],
    ['When should I stop?', 'time'],
    ['Why do I wake up?', 'reason'],
    ['how to sleep', 'way'],
    ["I can't sleep", 'way'],
    ['What is burnout?', 'meaning'],
    ['How do I know that I am tired?', 'whether'],
    ['naps', undefined],
  ])('knows what kind of answer "%s" asks for', (question, form) => {
    expect(askedIn(question).form).toBe(form);
  });
});

describe('fitOf()', () => {
  it('prefers the heading that asks the same to one that asks more', () => {
    const question = 'How long is a nap?';
    expect(fit(question, 'How long is a nap?')).toBeGreaterThan(
      fit(question, 'How long is a nap on a train?'),
    );
  });

  it('prefers the form that is asked for: a reason is no way', () => {
    expect(fit('How do I wake early?', 'How do I wake early?')).toBeGreaterThan(
      fit('How do I wake early?', 'Why do I wake early?'),
    );
  });

  it('prefers the first section of a document whose title asks it', () => {
    const title = 'How long is a nap?';
    expect(fit(title, 'Naps', { title, index: 1 })).toBeGreaterThan(fit(title, 'Naps', { title, index: 5 }));
  });

  it('prefers a section with a span of time where a duration is asked for, and takes no year for one', () => {
    const counted = fit('How long is a nap?', 'Is a nap short?', { text: 'It takes twenty minutes.' });
    expect(counted).toBeGreaterThan(
      fit('How long is a nap?', 'Is a nap short?', { text: 'A study of 2010.' }),
    );
  });

  it('is 1 for a passage whose title and heading share nothing with the question', () => {
    expect(fit('How long is a nap?', 'Why do cats purr?', { title: 'Cats' })).toBe(1);
  });
});
