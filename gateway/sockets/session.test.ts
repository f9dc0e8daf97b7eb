import { expect, test } from 'vitest';
import { openTestGateway, sayId, settle, TestClient } from '../testing/gateway-fixture.ts';

const anna = { creatorId: 'demo', userId: 'anna' };

test('hello is answered by welcome with the position, even when it is 0', async () => {
  const { client } = await openTestGateway();
  const { wire } = await client().hello();
  expect(wire.all('welcome')[0]).toMatchObject({
    creatorId: 'demo',
    userId: 'anna',
    topSeq: 0,
    clientSeqStored: 0,
    readSeq: 0,
    coach: { name: 'Demo', greeting: 'Hello.', people: true },
    limits: { textCharsMax: 8_000, saysInFlightMax: 16 },
  });
  expect(wire.all('history')).toEqual([]);
});

test('a socket that does not say hello in time is closed', async () => {
  const { client, clock } = await openTestGateway();
  const { wire } = client();
  await clock.advance(4_900);
  expect(wire.ended).toBeUndefined();
  await clock.advance(200);
  expect(wire.ended).toEqual({ closeCode: 4001, reason: 'hello_timeout' });
});

test('a first frame that is no hello closes the socket', async () => {
  const { client } = await openTestGateway();
  const one = client();
  one.say(1);
  expect(one.wire.ended?.reason).toBe('hello_expected');
});

test.each([
  ['rubbish', 'bad_token'],
  ['nobody/anna', 'creator_unknown'],
])('token %s is refused with %s', async (token, code) => {
  const { client } = await openTestGateway();
  const { wire } = await client().hello({}, token);
  expect(wire.ended?.reason).toBe(code);
  expect(wire.all('goodbye')[0]).toMatchObject({ code });
});

test('a visitor on a site that is not allowed is refused, on an allowed one not', async () => {
  const { gateway } = await openTestGateway();
  const stranger = await new TestClient(gateway, { origin: 'https://other.example' }).hello();
  expect(stranger.wire.ended?.reason).toBe('origin_refused');
  const guest = await new TestClient(gateway, { origin: 'https://site.example' }).hello();
  expect(guest.wire.all('welcome')).toHaveLength(1);
});

test('a frame before welcome is refused for now, and hello is said once', async () => {
  const { client, owner } = await openTestGateway();
  owner.silent = true;
  const one = await client().hello();
  one.say(1);
  one.send({ page: { limit: 1 } });
  await one.hello();
  expect(one.wire.all('receipt')[0]).toMatchObject({ clientSeq: 1, state: 'REJECTED', code: 'busy' });
  expect(one.wire.all('fault').map(({ code }) => code)).toEqual(['busy', 'hello_again']);
});

test('an attach that is lost is asked again, and given up in the end', async () => {
  const { client, clock, owner } = await openTestGateway();
  owner.silent = true;
  const { wire } = await client().hello();
  await clock.advance(1_500);
  expect(owner.controls.filter(({ kind }) => kind === 'attach').length).toBeGreaterThanOrEqual(2);
  await clock.advance(15_000);
  expect(wire.ended).toEqual({ closeCode: 4008, reason: 'unavailable' });
});

test('an attach that is lost once only delays the welcome', async () => {
  const { client, clock, owner } = await openTestGateway();
  owner.silent = true;
  const { wire } = await client().hello();
  owner.silent = false;
  await clock.advance(500);
  expect(wire.all('welcome')).toHaveLength(1);
});

test('one socket more than allowed closes the oldest of that person only', async () => {
  const { client } = await openTestGateway({ socketsPerPersonMax: 2 });
  const first = await client().hello();
  const other = await client().hello({}, 'demo/ben');
  const second = await client().hello();
  const third = await client().hello();
  expect(first.wire.ended?.reason).toBe('replaced');
  for (const { wire } of [second, third, other]) expect(wire.ended).toBeUndefined();
});

test('the owner hears how many sockets are left, and a conversation without any is forgotten', async () => {
  const { client, owner, gateway } = await openTestGateway();
  const first = await client().hello();
  const second = await client().hello();
  first.close();
  second.close();
  await settle();
  const detached = owner.controls.flatMap((control) => (control.kind === 'detach' ? control.sockets : []));
  expect(detached).toEqual([1, 0]);
  expect(gateway.rooms.size).toBe(0);
  expect(gateway.frames.sessions.size).toBe(0);
});

test('a delivery for a conversation without sessions here is answered by a detach', async () => {
  const { client, owner } = await openTestGateway();
  await client().hello();
  owner.push({ creatorId: 'demo', userId: 'gone' }, [{ to: 'all', frame: { typing: { on: true } } }]);
  await settle();
  expect(owner.controls.at(-1)).toMatchObject({ kind: 'detach', userId: 'gone', sockets: 0 });
});

test('a say gets one STORED receipt, and everybody the message', async () => {
  const { client } = await openTestGateway();
  const one = await client().hello();
  const two = await client().hello();
  one.say(1);
  await settle();
  expect(one.wire.all('receipt')).toEqual([{ clientSeq: 1, id: sayId(1), state: 'STORED', seq: 1 }]);
  expect(one.wire.seqs()).toEqual([1]);
  expect(two.wire.seqs()).toEqual([1]);
});

test('an ACCEPTED receipt is sent only when STORED is late', async () => {
  const { client, clock, stream } = await openTestGateway();
  const one = await client().hello();
  one.say(1);
  await clock.advance(200);
  stream.onAppend = () => undefined;
  one.say(2);
  await clock.advance(200);
  expect(one.wire.all('receipt').map(({ clientSeq, state }) => [clientSeq, state])).toEqual([
    [1, 'STORED'],
    [2, 'ACCEPTED'],
  ]);
});

test('says beyond those in flight are rejected, and taken again once the log has the others', async () => {
  const { client, stream } = await openTestGateway({ saysInFlightMax: 2 });
  stream.held = true;
  const one = await client().hello();
  for (const clientSeq of [1, 2, 3]) one.say(clientSeq);
  expect(one.wire.all('receipt')).toMatchObject([{ clientSeq: 3, code: 'too_many_in_flight' }]);
  stream.letGo();
  await settle();
  one.say(3);
  await settle();
  expect(one.wire.all('receipt').at(-1)).toMatchObject({ clientSeq: 3, state: 'STORED', seq: 3 });
});

test('the rate is one of the person: shared by all its sockets', async () => {
  const { client } = await openTestGateway({ saysPerWindowMax: 2, saysWindowMs: 10_000 });
  const one = await client().hello();
  const two = await client().hello();
  one.say(1);
  one.say(2);
  two.say(3);
  expect(two.wire.all('receipt')).toMatchObject([{ clientSeq: 3, code: 'too_fast', retryAfterMs: 5_000 }]);
});

test('a log that is away rejects with busy and the socket stays, however often', async () => {
  const { client, stream } = await openTestGateway({ faultsMax: 3, saysPerWindowMax: 100 });
  stream.down = true;
  const one = await client().hello();
  for (let clientSeq = 1; clientSeq <= 8; clientSeq += 1) {
    one.say(clientSeq);
    await settle();
  }
  expect(one.wire.all('receipt')).toHaveLength(8);
  expect(one.wire.all('receipt')[0]).toMatchObject({ state: 'REJECTED', code: 'busy', retryAfterMs: 1_000 });
  expect(one.wire.ended).toBeUndefined();
});

test('too many refused frames close the socket, but not when they are spread', async () => {
  const { client, clock } = await openTestGateway({ faultsMax: 3, faultsWindowMs: 1_000 });
  const slow = await client().hello();
  for (let times = 0; times < 8; times += 1) {
    slow.raw('{');
    await clock.advance(500);
  }
  expect(slow.wire.ended).toBeUndefined();
  const fast = await client().hello();
  for (let times = 0; times < 4; times += 1) fast.raw('{');
  expect(fast.wire.ended).toEqual({ closeCode: 4010, reason: 'too_many_faults' });
});

test('a frame that is too big is refused and the socket stays', async () => {
  const { client } = await openTestGateway();
  const one = await client().hello();
  one.raw('x'.repeat(65_537));
  expect(one.wire.all('fault')).toEqual([
    { code: 'frame_too_big', reason: 'Cannot accept a frame of 65537 bytes: frameBytesMax is 65536' },
  ]);
  expect(one.wire.ended).toBeUndefined();
});

test('reads are gathered: one event with the newest seq, never beyond what was sent', async () => {
  const { client, clock, stream, owner } = await openTestGateway();
  await owner.write(anna, ['a', 'b', 'c'], false);
  const one = await client().hello();
  for (const seq of [1, 2, 99]) one.send({ read: { seq } });
  await clock.advance(100);
  one.send({ read: { seq: 2 } });
  await clock.advance(100);
  const events = stream.appended.flatMap(({ envelopes }) => envelopes.map(({ event }) => event));
  expect(events).toEqual([{ kind: 'read', seq: 3 }]);
});

test('typing goes to the others, and a stop to the owner only while that answer is written', async () => {
  const { client, clock, owner } = await openTestGateway();
  const one = await client().hello();
  for (const on of [true, false, true]) one.send({ typing: { on } });
  one.send({ stop: { turnId: 't1' } });
  owner.push(anna, [{ to: 'all', frame: { turn: { turnId: 't1', state: 'STARTED' } } }]);
  await clock.advance(100);
  one.send({ stop: { turnId: 't1' } });
  await clock.advance(100);
  const soft = owner.controls.filter(({ kind }) => kind === 'typing' || kind === 'stop');
  expect(soft).toMatchObject([
    { kind: 'typing', on: true },
    { kind: 'stop', turnId: 't1' },
  ]);
});

test('stop() tells everybody to go elsewhere, and waits for what is on its way into the log', async () => {
  const { client, clock, gateway, stream } = await openTestGateway();
  const one = await client().hello();
  stream.held = true;
  one.say(1);
  await settle();
  let stopped = false;
  const stopping = gateway.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.advance(2_000);
  expect(one.wire.all('goodbye')[0]).toMatchObject({ code: 'going_away' });
  expect(stopped).toBe(false);
  stream.letGo();
  await stopping;
  expect(stream.appended).toHaveLength(1);
  expect(one.wire.ended?.closeCode).toBe(4000);
});

test('a log that takes nothing costs the person no allowance', async () => {
  const { client, stream } = await openTestGateway({ saysPerWindowMax: 3 });
  stream.down = true;
  const one = await client().hello();
  for (let times = 0; times < 6; times += 1) {
    one.say(1);
    await settle();
  }
  stream.down = false;
  for (const clientSeq of [1, 2, 3]) one.say(clientSeq);
  await settle();
  expect(one.wire.all('receipt').map(({ code = '' }) => code)).toEqual([
    ...Array.from({ length: 6 }, () => 'busy'),
    ...['', '', ''],
  ]);
});

test('a receipt for another say with the same number settles nothing', async () => {
  const { client, owner, stream, clock } = await openTestGateway({ saysInFlightMax: 1 });
  stream.onAppend = () => undefined;
  const one = await client().hello();
  one.say(1);
  await settle();
  const other = { clientSeq: 1, id: sayId(99), state: 'REJECTED' as const, code: 'gap' };
  owner.push(anna, [{ to: 'device', deviceId: one.deviceId, frame: { receipt: other } }]);
  await clock.advance(200);
  expect(one.wire.all('receipt').at(-1)).toEqual({ clientSeq: 1, id: sayId(1), state: 'ACCEPTED' });
});

test('stop() ends though clients go on talking, and sends them away', async () => {
  const { client, clock, gateway, stream } = await openTestGateway({ saysPerWindowMax: 10_000 });
  const one = await client().hello();
  let clientSeq = 0;
  stream.onAppend = () => {
    clientSeq += 1;
    one.say(clientSeq);
  };
  one.say(0 + 1);
  let stopped = false;
  void gateway.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.advance(2_000);
  expect(stopped).toBe(true);
  expect(one.wire.ended?.reason).toBe('going_away');
});

test('stop() does not wait for ever for a log that answers nothing', async () => {
  const { client, clock, gateway, stream } = await openTestGateway();
  const one = await client().hello();
  stream.held = true;
  one.say(1);
  await settle();
  let stopped = false;
  void gateway.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.advance(10_000);
  expect(stopped).toBe(true);
  expect(() => gateway.ping()).toThrow('ending');
});

test('a device in upper case is the same one', async () => {
  const { client, stream } = await openTestGateway();
  const one = client();
  one.send({ hello: { token: 'demo/anna', deviceId: one.deviceId.toUpperCase() } });
  await settle();
  one.send({ say: { clientSeq: 1, id: sayId(10).toUpperCase(), text: 'hello' } });
  await settle();
  expect(one.wire.all('receipt')).toMatchObject([{ state: 'STORED', id: sayId(10) }]);
  expect(stream.appended[0]?.envelopes[0]?.event).toMatchObject({ deviceId: one.deviceId, id: sayId(10) });
});
