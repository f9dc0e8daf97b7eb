import { expect, test } from 'vitest';
import { originAllowed, refusalOf, sourceReader } from './origin.ts';

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
  ['our own page without TLS', 'http://chat.example', true],
  ['another port of our host', 'https://chat.example:8443', false],
  ['another scheme of our host', 'ftp://chat.example', false],
  ['a made-up scheme of our host', 'evil://chat.example', false],
  ['a user at our host', 'http://evil@chat.example', false],
  ['a path at our host', 'https://chat.example/', false],
  ['a host that begins as ours', 'https://chat.example.evil.example', false],
])('originAllowed() decides on %s', (_what, origin, allowed) => {
  expect(originAllowed(creator, { origin, host })).toBe(allowed);
});

test('originAllowed() takes any site for *', () => {
  expect(originAllowed({ allowedOrigins: ['*'] }, { origin: 'null', host })).toBe(true);
});

test('originAllowed() knows its own page by a Host with any port and in any case', () => {
  const own = (origin: string, asked: string) => originAllowed(creator, { origin, host: asked });
  expect(own('https://chat.example', 'Chat.Example:443')).toBe(true);
  expect(own('http://chat.example', 'chat.example:80')).toBe(true);
  expect(own('http://127.0.0.1:8080', '127.0.0.1:8080')).toBe(true);
  expect(own('http://[::1]:8080', '[::1]:8080')).toBe(true);
  expect(own('https://chat.example', 'chat.example:80')).toBe(false);
});

test('with names given, a page of another name is not the own one, though Host says so', () => {
  const origin = 'http://evil.example';
  const named = sourceReader(['chat.example', '[::1]']);
  expect(originAllowed(creator, sourceReader([])({ origin, host: 'evil.example' }))).toBe(true);
  expect(originAllowed(creator, named({ origin, host: 'evil.example' }))).toBe(false);
  expect(originAllowed(creator, named({ origin: 'https://chat.example', host: 'chat.example:443' }))).toBe(
    true,
  );
  expect(originAllowed(creator, named({ origin: 'http://[::1]:8080', host: '[::1]:8080' }))).toBe(true);
  expect(originAllowed(creator, named({ origin: 'https://site.example', host: 'evil.example' }))).toBe(true);
});

test('refusalOf() binds only visitors to a site', () => {
  const source = { origin: 'https://other.example', host };
  expect(refusalOf(creator, 'visitor', source)).toBe('origin_refused');
  expect(refusalOf(creator, 'member', source)).toBeUndefined();
  expect(refusalOf(undefined, 'member', source)).toBe('creator_unknown');
});
