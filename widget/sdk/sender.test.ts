import { expect, test } from 'vitest';
import { ScriptedGateway, settle } from '../testing/scripted-gateway.ts';
import { createRapport } from './client.ts';
import { freshDevice } from './outbox.ts';
import type { Rapport, RapportOptions } from './rapport.ts';
import { memoryStorage } from './storage.ts';

function join(gateway: ScriptedGateway, options: Partial<RapportOptions> = {}): Rapport {
  const { surroundings } = gateway;
  return createRapport({ url: 'http://gateway.test', creatorId: 'demo', surroundings, ...options });
}

const texts = (rapport: Rapport) => rapport.state().messages.map(({ text }) => text);
const stored = (gateway: ScriptedGateway) => gateway.messages.map(({ text }) => text);

test('what is said without a connection is kept, shown, and sent in order later', async () => {
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
  for (const socket of gateway.open) socket.dead = true;
  const [socket] = gateway.open;
  if (!socket) throw new Error('no socket');
  // The way there still works, the way back does not.
  socket.send = (text) => gateway.hear(socket, JSON.parse(text));
  await rapport.say('once');
  await gateway.clock.pass(120_000);
  expect(stored(gateway)).toEqual(['once']);
  expect(texts(rapport)).toEqual(['once']);
  expect(rapport.state().pending).toEqual([]);
  await rapport.close();
});

test('a message whose receipt does not come is sent again on the same connection', async () => {
  const gateway = new ScriptedGateway();
  const rapport = join(gateway);
  await settle();
  gateway.judge = () => 'silence';
  await rapport.say('swallowed');
  gateway.judge = () => undefined;
  await gateway.clock.pass(9_000);
  expect(stored(gateway)).toEqual(['swallowed']);
  expect(gateway.sockets).toHaveLength(1);
  await rapport.close();
});

test('a message that was stored long ago, before the tail, is not pending any more', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const slot = await storage.outbox.take('00000000-0000-4000-8000-000000000001');
  await slot.write({
    ...slot.device,
    unsent: [{ clientSeq: 1, id: 'x', text: 'x', choiceId: '', atMs: 1 }],
  });
  await slot.release();
  gateway.devices.set(slot.device.deviceId, { last: 1, says: [{ id: 'x', seq: 1 }] });
  gateway.store({ id: 'x', role: 'USER', text: 'x' });
  for (let at = 0; at < 10; at += 1) gateway.store({ id: `${at}`, role: 'COACH', text: 'later' });
  const rapport = join(gateway, { storage, tail: 5 });
  await settle();
  expect(rapport.state().pending).toEqual([]);
  expect(texts(rapport)).toHaveLength(5);
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
  for (const socket of gateway.open) socket.end();
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
  gateway.devices.set(slot.device.deviceId, { last: 7, says: [] });
  const rapport = join(gateway, { storage });
  await rapport.say('new');
  await gateway.clock.pass(5_000);
  expect(stored(gateway)).toEqual(['new']);
  await rapport.close();
});

test('say() refuses what can never be sent, and what can not be kept', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const rapport = join(gateway, { storage });
  expect(await rapport.say('  ')).toMatchObject({ ok: false, code: 'text_empty' });
  expect(await rapport.say('x'.repeat(8_001))).toMatchObject({ ok: false, code: 'text_too_long' });
  await rapport.close();
  let isFull = false;
  const full = join(gateway, {
    storage: {
      ...storage,
      outbox: {
        take: async () => ({
          device: freshDevice('00000000-0000-4000-8000-000000000002'),
          write: () => (isFull ? Promise.reject(new Error('disk full')) : Promise.resolve()),
          release: async () => {},
        }),
        takeAbandoned: async () => undefined,
      },
    },
  });
  await settle();
  isFull = true;
  expect(await full.say('kept?')).toMatchObject({ ok: false, code: 'busy' });
  isFull = false;
  await settle();
  expect(full.state().pending).toEqual([]);
  expect(stored(gateway)).toEqual([]);
  expect(await full.say('there is room again')).toMatchObject({ ok: true, clientSeq: 1 });
  await settle();
  expect(stored(gateway)).toEqual(['there is room again']);
  await full.close();
});

test('two copies of one outbox heal: nothing is lost, doubled or taken for a repetition', async () => {
  const gateway = new ScriptedGateway();
  const storage = memoryStorage();
  const before = join(gateway, { storage });
  await before.say('one');
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  for (const text of ['two', 'three', 'four']) await before.say(text);
  await before.close();
  // The profile is copied; the copy says other things under the same numbers first.
  const slot = await storage.outbox.take('00000000-0000-4000-8000-0000000000ff', gateway.userId);
  const copy = memoryStorage();
  const copied = await copy.outbox.take('00000000-0000-4000-8000-0000000000ee');
  const [two] = slot.device.unsent;
  if (!two) throw new Error('three says');
  const other = { ...two, id: '00000000-0000-7000-8000-00000000000d', text: 'other two' };
  await copied.write({
    ...slot.device,
    unsent: [other, { ...other, clientSeq: 3, id: `${other.id.slice(0, -1)}e`, text: 'other three' }],
  });
  await copied.release();
  await slot.release();
  gateway.reachable = true;
  const twin = join(gateway, { storage: copy });
  await gateway.clock.pass(1_000);
  await twin.close();
  const after = join(gateway, { storage });
  await gateway.clock.pass(20_000);
  expect(stored(gateway)).toEqual(['one', 'other two', 'other three', 'two', 'three', 'four']);
  expect(after.state().pending).toEqual([]);
  expect(await after.say('five')).toMatchObject({ ok: true });
  await settle();
  expect(stored(gateway).at(-1)).toBe('five');
  await after.close();
});
