import { describe, expect, it } from 'vitest';
import { termsOf, wordsOf } from './lexicon.ts';
import { stem } from './stem.ts';

describe('stem()', () => {
  // From the tables of Porter's paper.
  it.each([
    ['caresses', 'caress'],
    ['ponies', 'poni'],
    ['cats', 'cat'],
    ['agreed', 'agre'],
    ['plastered', 'plaster'],
    ['motoring', 'motor'],
    ['sing', 'sing'],
    ['conflated', 'conflat'],
    ['hopping', 'hop'],
    ['falling', 'fall'],
    ['failing', 'fail'],
    ['filing', 'file'],
    ['happy', 'happi'],
    ['sky', 'sky'],
    ['relational', 'relat'],
    ['hopefulness', 'hope'],
    ['formality', 'formal'],
    ['triplicate', 'triplic'],
    ['goodness', 'good'],
    ['replacement', 'replac'],
    ['adoption', 'adopt'],
    ['probate', 'probat'],
    ['rate', 'rate'],
    ['controlling', 'control'],
  ])('makes %s %s', (word, root) => {
    expect(stem(word)).toBe(root);
  });

  it('leaves words of other scripts and numbers alone', () => {
    expect(['schläft', '2018', 'сон'].map(stem)).toEqual(['schläft', '2018', 'сон']);
  });
});

describe('wordsOf()', () => {
  it('is blind to case, accents and apostrophes, and parts numbers from letters', () => {
    expect(wordsOf("Don't wake at 3am, Café!")).toEqual(['don', 't', 'wake', 'at', '3', 'am', 'cafe']);
    expect(wordsOf('at 3 a.m. or later')).toEqual(['at', '3', 'am', 'or', 'later']);
  });
});

describe('termsOf()', () => {
  it('leaves out what says nothing and gives the same term to words of one meaning', () => {
    expect(termsOf('What should I do about it?')).toEqual([]);
    expect(termsOf('my jobs')).toEqual(termsOf('working'));
    expect(termsOf('wake up at three')).toEqual(termsOf('waking at 3'));
  });
});
