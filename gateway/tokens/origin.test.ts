import { expect, test } from 'vitest';
import { originAllowed, refusalOf } from './origin.ts';

const creator = { allowedOrigins: ['https://site.example'] };
const host = 'chat.example';

test.each([
  ['an allowed site', 'https://site.example', true],
  ['no browser', '', true],
  ['our own page', 'https://chat.example', true],
  ['another site', 'https://other.example', false],
  ['a site that begins the same', 'https://site.example.evil.example', false],
  ['another scheme', 'http://site.example', false],
  ['another port', 'https://site.example:8443', false],
  ['a page without an origin', 'null', false],
])('originAllowed() decides on %s', (_what, origin, allowed) => {
  expect(originAllowed(creator, { origin, host })).toBe(allowed);
});

test('originAllowed() takes any site for *', () => {
  expect(originAllowed({ allowedOrigins: ['*'] }, { origin: 'null', host })).toBe(true);
});

test('refusalOf() binds only visitors to a site', () => {
  const source = { origin: 'https://other.example', host };
  expect(refusalOf(creator, 'visitor', source)).toBe('origin_refused');
  expect(refusalOf(creator, 'member', source)).toBeUndefined();
  expect(refusalOf(undefined, 'member', source)).toBe('creator_unknown');
});
