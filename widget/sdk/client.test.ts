import { expect, test } from 'vitest';
import { ScriptedGateway, settle } from '../testing/scripted-gateway.ts';
import { createRapport } from './client.ts';
import type { Rapport, RapportOptions } from './rapport.ts';

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

test('an expired visitor token is replaced once; a fresh one that is refused stops the client', async () => {
  const gateway = new ScriptedGateway();
  gateway.refuse = (token) => (token === 'token-1' ? { goodbye: { code: 'token_expired' } } : undefined);
  const rapport = join(gateway);
  await gateway.clock.pass(1_000);
  expect(rapport.state().connection).toEqual({ at: 'open' });
  expect(gateway.tokensGiven).toBe(2);
  gateway.refuse = () => ({ goodbye: { code: 'bad_token' } });
  for (const link of gateway.open) link.end();
  await gateway.clock.pass(60_000);
  expect(rapport.state().connection).toMatchObject({ at: 'stopped', code: 'bad_token' });
  expect(gateway.tokensGiven).toBe(3);
  await rapport.close();
});

test('a goodbye that is never to be retried stops the client until it is asked to', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.push({ goodbye: { code: 'replaced' } });
  for (const link of gateway.open) link.end(4006);
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
  for (const link of gateway.open) link.dead = true;
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
  for (const link of gateway.open) link.end();
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
  for (const link of gateway.open) link.end();
  await gateway.clock.pass(5_000);
  expect(texts(rapport)).toEqual(['new']);
  await rapport.close();
});
