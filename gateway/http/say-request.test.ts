import { expect, test } from 'vitest';
import { openTestGateway, sayId, settle } from '../testing/gateway-fixture.ts';

const deviceId = '018f0000-0000-7000-8000-00000000000a';
const anna = { creatorId: 'demo', userId: 'anna' };
const identity = { ...anna, role: 'visitor' as const, expiresAtMs: Infinity };
const { signal } = new AbortController();

function say(clientSeq: number, id = sayId(clientSeq)) {
  return { kind: 'say' as const, clientSeq, id, text: `text ${clientSeq}`, choiceId: '' };
}

test('each of two requests of one device gets the receipt of its own say', async () => {
  const { gateway, owner, stream } = await openTestGateway();
  const one = gateway.sayRequests.say(identity, { deviceId, say: say(1), signal });
  const two = gateway.sayRequests.say(identity, { deviceId, say: say(2), signal });
  await settle();
  expect(stream.appended.flatMap(({ envelopes }) => envelopes)).toHaveLength(2);
  expect([await one, await two]).toMatchObject([
    { clientSeq: 1, state: 'STORED', seq: 1 },
    { clientSeq: 2, state: 'STORED', seq: 2 },
  ]);
  expect(owner.controls.filter(({ kind }) => kind === 'attach')).toHaveLength(2);
});

test('a request is not answered by the receipt of another say, also with the same number', async () => {
  const { gateway, owner, stream, clock } = await openTestGateway();
  stream.onAppend = () => undefined;
  const asked = gateway.sayRequests.say(identity, { deviceId, say: say(6), signal });
  await settle();
  for (const [clientSeq, id] of [
    [7, sayId(7)],
    [6, sayId(99)],
  ] as const) {
    const receipt = { clientSeq, id, state: 'REJECTED' as const, code: 'gap' };
    owner.push(anna, [{ to: 'device', deviceId, frame: { receipt } }]);
  }
  owner.push(anna, [{ to: 'stored', deviceId, clientSeq: 5, id: sayId(5), seq: 5 }], {
    messages: [JSON.stringify({ message: { seq: 5, id: sayId(5), role: 'USER', text: 'five' } })],
  });
  await settle();
  const receipt = { clientSeq: 6, id: sayId(6), state: 'STORED' as const, seq: 6 };
  owner.push(anna, [{ to: 'device', deviceId, frame: { receipt } }]);
  await clock.advance(100);
  expect(await asked).toEqual(receipt);
});

test('five requests with one number and five texts get one STORED and four refusals', async () => {
  const { gateway } = await openTestGateway();
  const ids = [1, 2, 3, 4, 5].map((at) => sayId(at));
  const outcomes = await Promise.all(
    ids.map((id) => gateway.sayRequests.say(identity, { deviceId, say: say(1, id), signal })),
  );
  const codes = outcomes.map((outcome) => ('refused' in outcome ? outcome.refused : (outcome.code ?? '')));
  expect(codes.toSorted()).toEqual(['', ...Array.from({ length: 4 }, () => 'number_reused')]);
});

test('a UUID in upper case is the same one', async () => {
  const { gateway, stream } = await openTestGateway();
  const upper = { deviceId: deviceId.toUpperCase(), say: say(1, sayId(10).toUpperCase()), signal };
  expect(await gateway.sayRequests.say(identity, upper)).toMatchObject({ state: 'STORED', id: sayId(10) });
  expect(stream.appended[0]?.envelopes[0]?.event).toMatchObject({ deviceId, id: sayId(10) });
});

test('a gateway that is ending sends requests elsewhere', async () => {
  const { gateway, clock, stream } = await openTestGateway();
  const stopping = gateway.stop(0);
  const outcome = gateway.sayRequests.say(identity, { deviceId, say: say(1), signal });
  await clock.advance(1_000);
  expect(await outcome).toEqual({ refused: 'going_away' });
  expect(stream.appended).toEqual([]);
  await stopping;
});
