import type { Event, Said } from '@rapport/proto/envelope.ts';
import { fnv1a32 } from '@rapport/proto/hash.ts';
import { markOf } from '@rapport/proto/id-mark.ts';
import { limits } from '@rapport/proto/limits.ts';
import { describe, expect, test } from 'vitest';
import { decide } from './decide.ts';
import type { Context } from './decision.ts';
import { clientSeqStored } from './devices.ts';
import { type Conversation, newConversation } from './state.ts';

const context: Context = { userId: 'ann', atMs: 1_000, answering: 'people', configVersion: 1, settings: {} };

function say(clientSeq: number, given: Partial<Said> = {}): Said {
  const id = `phone-${clientSeq}`;
  return { kind: 'said', deviceId: 'phone', clientSeq, id, text: 'hello', channel: 'web', ...given };
}

function fold(events: readonly Event[], from: Conversation = newConversation) {
  let state = from;
  const stored: string[] = [];
  const receipts = events.map((event) => {
    const decision = decide(state, event, context);
    state = decision.state;
    stored.push(...decision.messages.map(({ id = '' }) => id));
    const [effect] = decision.effects;
    if (effect?.kind !== 'push' || effect.push.to !== 'device') return 'STORED';
    const { state: of, seq, code } = effect.push.frame.receipt ?? {};
    return code ?? `${of} ${seq}`;
  });
  return { state, stored, receipts };
}

describe('a number of a device', () => {
  test('belongs to one message: another id under it is refused, and the first is answered as before', () => {
    const { state, stored, receipts } = fold([say(1), say(2), say(1, { id: 'other' }), say(1)]);
    expect(receipts).toEqual(['STORED', 'STORED', 'number_reused', 'STORED 1']);
    expect(stored).toEqual(['phone-1', 'phone-2']);
    expect(fold([say(2, { id: 'other' })], state)).toMatchObject({ state, receipts: ['number_reused'] });
  });

  test('is remembered for as many messages as a device may have under way', () => {
    const all = Array.from({ length: limits.saysInFlightMax + 1 }, (_, at) => say(at + 1));
    const { state } = fold(all);
    expect(fold([say(2, { id: 'other' }), say(1, { id: 'other' })], state).receipts).toEqual([
      'number_reused',
      'STORED 0', // Too long ago: it counts as a repetition.
    ]);
  });

  test('is not checked against messages of rows of before, which have no marks', () => {
    const { state } = fold([say(1), say(2)]);
    const devices = state.core.devices.map(({ marks: _, ...device }) => device);
    const before = { ...state, core: { ...state.core, devices } };
    expect(fold([say(2, { id: 'other' })], before).receipts).toEqual(['STORED 2']);
    expect(fold([say(3), say(3, { id: 'other' }), say(2, { id: 'other' })], before).receipts).toEqual([
      'STORED',
      'number_reused',
      'STORED 2',
    ]);
  });
});

test('marks are what rows hold already', () => {
  const id = '0190A6C2-7d1e-7b3a-9c4d-1234567890ab';
  expect(markOf(id)).toBe((fnv1a32(id.toLowerCase()) >>> 1).toString(36).padStart(6, '0'));
  const { state } = fold([say(1, { id })]);
  expect(state.core.devices).toEqual([{ deviceId: 'phone', clientSeq: 1, seqs: [1], marks: 'kvufjg' }]);
});

describe('an id of a device', () => {
  test('belongs to one message: the same id under the next number is refused', () => {
    const { receipts, stored, state } = fold([say(1), say(2, { id: 'phone-1' }), say(2)]);
    expect(receipts).toEqual(['STORED', 'number_reused', 'STORED']);
    expect(stored).toEqual(['phone-1', 'phone-2']);
    // After a rename the device is another one, and sends again what it had not seen stored.
    expect(fold([say(1, { deviceId: 'phone-again' })], state).receipts).toEqual(['STORED']);
  });

  test('is the same in upper and in lower case, and so is the id of the device', () => {
    const upper = (event: Said): Said => ({
      ...event,
      deviceId: event.deviceId.toUpperCase(),
      id: event.id.toUpperCase(),
    });
    const { receipts, state } = fold([upper(say(1)), say(1), say(2), upper(say(2)), upper(say(3))]);
    expect(receipts).toEqual(['STORED', 'STORED 1', 'STORED', 'STORED 2', 'STORED']);
    expect(state.core.devices).toHaveLength(1);
    expect(clientSeqStored(state.core, 'PHONE')).toBe(3);
    const [device] = state.core.devices;
    const before = {
      ...state,
      core: { ...state.core, devices: [{ ...device, deviceId: 'PHONE' } as never] },
    };
    expect(fold([say(3), say(4)], before).receipts).toEqual(['STORED 3', 'STORED']);
  });
});

describe('devices that only speak by HTTP', () => {
  const posts = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      say(1, { deviceId: `post-${at}`, id: `post-${at}-1`, channel: 'api' }),
    );

  test('push out the oldest of themselves, and never a browser', () => {
    const browsers = Array.from({ length: limits.devicesMax }, (_, at) =>
      say(1, { deviceId: `tab-${at}`, id: `tab-${at}-1` }),
    );
    const { state } = fold([...browsers, ...posts(100)]);
    expect(state.core.devices).toHaveLength(limits.devicesMax + limits.apiDevicesMax);
    for (const { deviceId } of browsers) expect(clientSeqStored(state.core, deviceId)).toBe(1);
    expect(clientSeqStored(state.core, 'post-99')).toBe(1);
    expect(clientSeqStored(state.core, `post-${99 - limits.apiDevicesMax}`)).toBe(0);
    const more = fold([say(1, { deviceId: 'tab-new', id: 'tab-new-1' })], state).state;
    expect(clientSeqStored(more.core, 'tab-0')).toBe(0);
    expect(clientSeqStored(more.core, 'post-99')).toBe(1);
  });

  test('become browsers with their first message by a socket', () => {
    const mixed = [say(1, { channel: 'api' }), say(2)];
    const { state } = fold([...mixed, ...posts(100)]);
    expect(clientSeqStored(state.core, 'phone')).toBe(2);
    const posting = fold([say(3, { channel: 'api' }), ...posts(100)], fold(mixed).state);
    expect(clientSeqStored(posting.state.core, 'phone')).toBe(3);
  });
});
