import { expect, test } from 'vitest';
import { createRapport } from './client.ts';
import type { Rapport, RapportOptions } from './rapport.ts';
import { ScriptedGateway, settle } from './scripted-gateway.ts';
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

test('what is said without a connection is kept, shown and sent in order when the gateway is back', async () => {
  const gateway = new ScriptedGateway();
  gateway.reachable = false;
  const rapport = join(gateway);
  for (let at = 1; at <= 9; at += 1) await rapport.say(`say ${at}`);
  await settle();
  expect(rapport.state().connection).toMatchObject({ at: 'waiting', code: 'unavailable' });
  expect(rapport.state().pending.map(({ state }) => state)).toEqual(new Array(9).fill('waiting'));
  gateway.reachable = true;
  await gateway.clock.pass(20_000);
  expect(stored(gateway)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => `say ${at}`));
  expect(rapport.state().pending).toEqual([]);
  await rapport.close();
});

test('unsent messages survive the client that said them', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  gateway.reachable = false;
  const before = join(gateway, { storage });
  await before.say('from the closed tab');
  await before.close();
  gateway.reachable = true;
  const after = join(gateway, { storage });
  await settle();
  expect(stored(gateway)).toEqual(['from the closed tab']);
  await after.close();
});

test('a tab that is open takes over what a closed tab left', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const first = join(gateway, { storage });
  await settle();
  gateway.reachable = false;
  const second = join(gateway, { storage });
  await second.say('left behind');
  await second.close();
  gateway.reachable = true;
  await gateway.clock.pass(40_000);
  expect(stored(gateway)).toEqual(['left behind']);
  expect(texts(first)).toEqual(['left behind']);
  await first.close();
});

test('two tabs of one browser are one visitor with two devices', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const [first, second] = [join(gateway, { storage }), join(gateway, { storage })];
  await Promise.all([first.say('a'), second.say('b')]);
  await settle();
  expect(gateway.devices.size).toBe(2);
  expect(texts(first)).toEqual(texts(second));
  await Promise.all([first.close(), second.close()]);
});

test('a receipt that was lost with the connection does not make a message twice', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  for (const link of gateway.open) link.dead = true;
  const [link] = gateway.open;
  if (!link) throw new Error('no link');
  link.send = (text) => gateway.hear(link, JSON.parse(text)); // The way there still works, the way back does not.
  await rapport.say('once');
  await gateway.clock.pass(120_000);
  expect(stored(gateway)).toEqual(['once']);
  expect(texts(rapport)).toEqual(['once']);
  expect(rapport.state().pending).toEqual([]);
  await rapport.close();
});

test('a refused message is marked and those behind it are stored once each', async () => {
  const gateway = new ScriptedGateway();
  gateway.judge = ({ clientSeq = 0, id = '', text }) =>
    text === 'bad' ? { receipt: { clientSeq, id, state: 'REJECTED', code: 'text_too_long' } } : undefined;
  gateway.reachable = false;
  const rapport = join(gateway);
  for (const text of ['a', 'b', 'bad', 'c', 'd', 'e']) await rapport.say(text);
  gateway.reachable = true;
  await gateway.clock.pass(60_000);
  expect(stored(gateway)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(rapport.state().pending).toMatchObject([{ text: 'bad', state: 'failed', code: 'text_too_long' }]);
  await rapport.close();
});

test('busy and too_fast are waited out in order', async () => {
  const gateway = new ScriptedGateway();
  let refusals = 0;
  gateway.judge = ({ clientSeq = 0, id = '' }) => {
    if (refusals++ % 3 !== 0 || refusals > 40) return undefined;
    return { receipt: { clientSeq, id, state: 'REJECTED', code: 'busy', retryAfterMs: 200 } };
  };
  const rapport = join(gateway);
  const said = Array.from({ length: 12 }, (_, at) => `say ${at}`);
  await Promise.all(said.map((text) => rapport.say(text)));
  await gateway.clock.pass(120_000);
  expect(stored(gateway)).toEqual(said);
  await rapport.close();
});

test('a server that forgot the device gets the unsent messages under a new name', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await rapport.say('one');
  await settle();
  gateway.devices.clear();
  for (const link of gateway.open) link.end();
  gateway.reachable = false;
  await settle();
  await rapport.say('two');
  gateway.reachable = true;
  await gateway.clock.pass(60_000);
  expect(stored(gateway)).toEqual(['one', 'two']);
  expect(texts(rapport)).toEqual(['one', 'two']);
  await rapport.close();
});

test('a restored copy of a device does not have its messages taken for repetitions', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const slot = await storage.outbox.take('00000000-0000-4000-8000-000000000001');
  await slot.release();
  gateway.devices.set(slot.device.deviceId, { last: 7, seqs: [] });
  const rapport = join(gateway, { storage });
  await rapport.say('new');
  await gateway.clock.pass(5_000);
  expect(stored(gateway)).toEqual(['new']);
  await rapport.close();
});

test('goodbye going_away: the next socket is open before the last one is left, and nothing is doubled', async () => {
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
  expect(gateway.links).toHaveLength(1);
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
  expect(gateway.links).toHaveLength(2);
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
  await rapport.say('old');
  await settle();
  gateway.messages.splice(0, Number.POSITIVE_INFINITY, { seq: 1, id: 'n', role: 'COACH', text: 'new' });
  gateway.devices.clear();
  gateway.userId = 'visitor-2';
  for (const link of gateway.open) link.end();
  await gateway.clock.pass(5_000);
  expect(texts(rapport)).toEqual(['new']);
  await rapport.close();
});

test('say() refuses what can never be sent, and what can not be kept', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const rapport = join(gateway, { storage });
  expect(await rapport.say('  ')).toMatchObject({ ok: false, code: 'text_empty' });
  expect(await rapport.say('x'.repeat(8_001))).toMatchObject({ ok: false, code: 'text_too_long' });
  await rapport.close();
  const full = join(gateway, {
    storage: {
      ...storage,
      outbox: {
        take: async () => ({
          device: { deviceId: '00000000-0000-4000-8000-000000000002', storedUpTo: 0, unsent: [] },
          write: () => Promise.reject(new Error('disk full')),
          release: async () => {},
        }),
        takeAbandoned: async () => undefined,
      },
    },
  });
  await settle();
  expect(await full.say('kept?')).toMatchObject({ ok: false, code: 'busy' });
  await settle();
  expect(full.state().pending).toEqual([]);
  expect(stored(gateway)).toEqual([]);
  await full.close();
});
