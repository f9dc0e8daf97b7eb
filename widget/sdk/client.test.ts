import { expect, test } from 'vitest';
import { ScriptedGateway, settle } from '../testing/scripted-gateway.ts';
import { createRapport } from './client.ts';
import type { Rapport, RapportOptions } from './rapport.ts';
import { memoryStorage } from './storage.ts';

function join(gateway: ScriptedGateway, options: Partial<RapportOptions> = {}): Rapport {
  const { surroundings } = gateway;
  return createRapport({ url: 'http://gateway.test', creatorId: 'demo', surroundings, ...options });
}

const texts = (rapport: Rapport) => rapport.state().messages.map(({ text }) => text);
const stored = (gateway: ScriptedGateway) => gateway.messages.map(({ text }) => text);

test('a client becomes a visitor, says something and sees it stored', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  expect(await rapport.say('one')).toMatchObject({ ok: true, clientSeq: 1 });
  await settle();
  expect(rapport.state()).toMatchObject({ connection: { at: 'open' }, userId: 'visitor-1', pending: [] });
  expect(texts(rapport)).toEqual(['one']);
  await rapport.close();
});

test('goodbye going_away: the next socket is open before the last one is left', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await rapport.say('before');
  await settle();
  const [old] = gateway.open;
  old?.deliver({ goodbye: { code: 'going_away', reconnectAfterMs: 3_000 } });
  await gateway.clock.pass(2_900);
  expect(gateway.open).toEqual([old]);
  await rapport.say('between');
  const seen: string[] = [];
  rapport.subscribe(({ connection }) => seen.push(connection.at));
  await gateway.clock.pass(200);
  expect(gateway.open).not.toContain(old);
  expect(gateway.open).toHaveLength(1);
  expect(new Set(seen)).toEqual(new Set(['open']));
  await rapport.say('after');
  await settle();
  expect(stored(gateway)).toEqual(['before', 'between', 'after']);
  expect(texts(rapport)).toEqual(['before', 'between', 'after']);
  await rapport.close();
});

test('an expired token renews itself once; a fresh one that is refused stops the client', async () => {
  const gateway = new ScriptedGateway();
  gateway.refuse = (token) =>
    token.endsWith('.token-1') ? { goodbye: { code: 'token_expired' } } : undefined;
  const rapport = join(gateway);
  await gateway.clock.pass(1_000);
  expect(rapport.state().connection).toEqual({ at: 'open' });
  expect(gateway.bearers).toMatchObject(['', expect.stringMatching(/token-1$/)]);
  gateway.refuse = () => ({ goodbye: { code: 'bad_token' } });
  for (const socket of gateway.open) socket.end();
  await gateway.clock.pass(60_000);
  expect(rapport.state().connection).toMatchObject({ at: 'stopped', code: 'bad_token' });
  expect(gateway.tokensGiven).toBe(3);
  await rapport.close();
});

const dayMs = 24 * 60 * 60 * 1_000;

test('a visitor who comes daily stays the same person for ever', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  for (let day = 1; day <= 100; day += 1) {
    const rapport = join(gateway, { storage });
    await settle();
    expect(rapport.state()).toMatchObject({ connection: { at: 'open' }, userId: 'visitor-1' });
    await rapport.close();
    await gateway.clock.pass(dayMs);
  }
  expect(gateway.bearers.filter((bearer) => bearer === '')).toHaveLength(1);
  expect(gateway.bearers).toHaveLength(7); // The first, then each half life of 15 days.
});

test('a page that stays open renews its token in time, whatever the clock of the device shows', async () => {
  const gateway = new ScriptedGateway();
  gateway.clock.startedAtMs -= 365 * dayMs;
  const rapport = join(gateway);
  await gateway.clock.pass(14 * dayMs);
  expect(gateway.bearers).toEqual(['']);
  await gateway.clock.pass(2 * dayMs);
  expect(gateway.bearers).toMatchObject(['', expect.stringMatching(/token-1$/)]);
  expect(gateway.sockets).toHaveLength(1);
  await rapport.close();
});

test('a renewal that fails costs nothing while the token still works', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const first = join(gateway, { storage });
  await settle();
  await first.close();
  await gateway.clock.pass(16 * dayMs);
  for (const answer of [
    Response.json({ code: 'too_fast' }, { status: 429 }),
    Response.json({ token: 'somebody.else.s', userId: 'visitor-9' }),
  ]) {
    gateway.renewal = () => answer;
    const rapport = join(gateway, { storage });
    await settle();
    expect(rapport.state()).toMatchObject({ connection: { at: 'open' }, userId: 'visitor-1' });
    await rapport.close();
  }
  expect(gateway.bearers).toHaveLength(3);
});

test('what one person has not sent is sent and shown to that person alone', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  let token = 'anna.1.1';
  const options = { storage, token: async () => token };
  gateway.userId = 'anna';
  const before = join(gateway, options);
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  await before.say('for anna alone');
  await before.close();
  gateway.reachable = true;
  token = 'ben.1.1';
  gateway.userId = 'ben';
  const seen: unknown[] = [];
  const ben = join(gateway, options);
  ben.subscribe(({ pending }) => seen.push(...pending));
  await gateway.clock.pass(60_000);
  expect(ben.state()).toMatchObject({ connection: { at: 'open' }, userId: 'ben' });
  await ben.say('for ben');
  await settle();
  expect(stored(gateway)).toEqual(['for ben']);
  expect(seen).not.toContainEqual(expect.objectContaining({ text: 'for anna alone' }));
  await ben.close();
  gateway.messages.splice(0);
  gateway.userId = 'anna';
  const anna = join(gateway, options);
  await gateway.clock.pass(60_000);
  expect(stored(gateway)).toEqual(['for anna alone']);
  await anna.close();
});

test('a visitor whom the server no longer knows begins anew, without unsent says', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const before = join(gateway, { storage });
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  await before.say('of the person before');
  gateway.reachable = true;
  gateway.userId = 'visitor-2';
  gateway.refuse = (token) =>
    token.endsWith('.token-1') ? { goodbye: { code: 'token_expired' } } : undefined;
  gateway.renewal = () => Response.json({ code: 'token_expired' }, { status: 401 });
  await gateway.clock.pass(60_000);
  expect(before.state()).toMatchObject({ connection: { at: 'open' }, userId: 'visitor-2', pending: [] });
  await before.say('of the new one');
  await settle();
  expect(stored(gateway)).toEqual(['of the new one']);
  await before.close();
});

test('a clock that is set back or forward changes no wait', async () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const gateway = new ScriptedGateway();
    const rapport = join(gateway);
    await gateway.clock.pass(20_000);
    rapport.typing(true);
    gateway.clock.startedAtMs += jumpMs;
    await gateway.clock.pass(3_100);
    rapport.typing(true);
    await settle();
    expect(gateway.heard.filter(({ typing }) => typing)).toHaveLength(2);
    for (const socket of gateway.open) socket.dead = true;
    await gateway.clock.pass(75_000);
    expect(gateway.sockets).toHaveLength(2);
    for (const socket of gateway.open) socket.end();
    await gateway.clock.pass(1_000);
    expect(gateway.sockets).toHaveLength(3);
    expect(rapport.state().connection).toEqual({ at: 'open' });
    await rapport.close();
  }
});

test('no server can ask for a wait without end', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.push({ goodbye: { code: 'slow', reconnectAfterMs: 2 ** 32 - 1 } });
  for (const socket of gateway.open) socket.end(4007);
  await gateway.clock.pass(60_000);
  expect(rapport.state().connection).toMatchObject({ at: 'waiting', retryAfterMs: 120_000 });
  expect(gateway.sockets).toHaveLength(1);
  await gateway.clock.pass(61_000);
  expect(rapport.state().connection).toEqual({ at: 'open' });
  await rapport.close();
});

test('a hello that is refused by a fault is told at once', async () => {
  const gateway = new ScriptedGateway();
  gateway.refuse = () => ({ fault: { code: 'bad_frame', reason: 'no' } });
  const rapport = join(gateway);
  await settle();
  expect(rapport.state().connection).toEqual({ at: 'stopped', code: 'bad_frame', reason: 'no' });
  await rapport.close();
});

test('a person who looks again finds out at once about a connection that died in a sleep', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  for (const socket of gateway.open) socket.dead = true;
  gateway.announce('visible');
  gateway.announce('visible');
  await gateway.clock.pass(6_000);
  expect(gateway.sockets).toHaveLength(2);
  expect(gateway.heard.filter(({ page }) => page)).toHaveLength(0);
  expect(rapport.state().connection).toEqual({ at: 'open' });
  await rapport.close();
});

test('an answer whose connection is gone is not being written any more', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.push({ turn: { turnId: 't', state: 'STARTED' } });
  gateway.push({ delta: { turnId: 't', text: 'half an' } });
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  expect(rapport.state().answer).toMatchObject({ at: 'cut', text: 'half an' });
  await rapport.close();
});

test('a goodbye that is never to be retried stops the client until it is asked to', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.push({ goodbye: { code: 'replaced' } });
  for (const socket of gateway.open) socket.end(4006);
  await gateway.clock.pass(60_000);
  expect(rapport.state().connection).toMatchObject({ at: 'stopped', code: 'replaced' });
  rapport.retry();
  await settle();
  expect(rapport.state().connection).toEqual({ at: 'open' });
  await rapport.close();
});

test('a lost message heals by a page on the same socket', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.store({ id: 'a', role: 'COACH', text: 'one' });
  gateway.store({ id: 'b', role: 'COACH', text: 'lost' }, { push: false });
  gateway.store({ id: 'c', role: 'COACH', text: 'three' });
  await settle();
  expect(texts(rapport)).toEqual(['one', 'lost', 'three']);
  expect(gateway.sockets).toHaveLength(1);
  await rapport.close();
});

test('a connection that went silent is found out, replaced, and what was missed is there', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  for (const socket of gateway.open) socket.dead = true;
  gateway.store({ id: 'a', role: 'COACH', text: 'missed' });
  await gateway.clock.pass(72_000);
  expect(texts(rapport)).toEqual(['missed']);
  expect(gateway.sockets).toHaveLength(2);
  await rapport.close();
});

test('offline is shown at once and online reconnects at once', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.reachable = false;
  gateway.announce('offline');
  expect(rapport.state().connection).toMatchObject({ at: 'waiting' });
  await gateway.clock.pass(60_000);
  gateway.reachable = true;
  gateway.announce('online');
  await settle();
  expect(rapport.state().connection).toEqual({ at: 'open' });
  await rapport.close();
});

test('a long silence is healed whole, page after page', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  const all = Array.from({ length: 120 }, (_, at) => `${at + 1}`);
  for (const text of all) gateway.store({ id: text, role: 'COACH', text }, { push: false });
  await gateway.clock.pass(65_000);
  expect(texts(rapport)).toEqual(all);
  expect(gateway.sockets).toHaveLength(1);
  await rapport.close();
});

test('what was read is known here at once, and told again after a lost connection', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.store({ id: 'a', role: 'COACH', text: 'one' });
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  rapport.read(1);
  rapport.read(1);
  expect(rapport.state().readSeq).toBe(1);
  gateway.reachable = true;
  await gateway.clock.pass(20_000);
  expect(gateway.heard.filter(({ read }) => read)).toEqual([{ read: { seq: 1 } }]);
  await rapport.close();
});

test('stop() names the running answer, and typing is told at most every three seconds', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  rapport.stop();
  gateway.push({ turn: { turnId: 't', state: 'STARTED' } });
  await settle();
  rapport.stop();
  for (let key = 0; key < 40; key += 1) {
    rapport.typing(true);
    await gateway.clock.pass(100);
  }
  rapport.typing(false);
  rapport.typing(false);
  expect(gateway.heard.filter(({ stop }) => stop)).toEqual([{ stop: { turnId: 't' } }]);
  const typing = gateway.heard.flatMap((up) => (up.typing ? [up.typing.on] : []));
  expect(typing).toEqual([true, true, false]);
  await rapport.close();
});

test('storage that can not be opened is said, not thrown', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway, { storage: Promise.reject(new Error('no disk')) });
  expect(await rapport.say('hello')).toMatchObject({ ok: false, code: 'busy' });
  expect(rapport.state().connection).toMatchObject({ at: 'stopped', code: 'internal' });
  await rapport.close();
});

test('tail brings the newest messages and page the ones before', async () => {
  const gateway = new ScriptedGateway();
  for (let at = 1; at <= 120; at += 1) gateway.store({ id: `${at}`, role: 'COACH', text: `${at}` });
  const rapport = join(gateway, { tail: 30 });
  await settle();
  expect(texts(rapport)).toHaveLength(30);
  for (const older of ['more', 'more', 'none']) {
    if (older === 'more') expect(rapport.state().older).toBe('more');
    rapport.page();
    await settle();
  }
  expect(texts(rapport)).toEqual(Array.from({ length: 120 }, (_, at) => `${at + 1}`));
  expect(rapport.state().older).toBe('none');
  await rapport.close();
});

test('a new conversation after a refused token does not mix with the old one', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.store({ id: 'o', role: 'COACH', text: 'old' });
  await settle();
  expect(texts(rapport)).toEqual(['old']);
  gateway.messages.splice(0, Number.POSITIVE_INFINITY, { seq: 1, id: 'n', role: 'COACH', text: 'new' });
  gateway.devices.clear();
  gateway.userId = 'visitor-2';
  for (const socket of gateway.open) socket.end();
  await gateway.clock.pass(5_000);
  expect(texts(rapport)).toEqual(['new']);
  await rapport.close();
});
