import { expect, test } from 'vitest';
import { onReceipt, onSilence, onWelcome, sendable, startFlight } from './flight.ts';
import type { Receipt } from './frame.ts';
import { add, freshDevice, type KeptDevice, settle } from './outbox.ts';
import { waitMostMs } from './surroundings.ts';

const said = (id: string) => ({ id, text: id, choiceId: '', atMs: 1 });
const device: KeptDevice = ['a', 'b', 'c', 'd'].reduce((so, id) => add(so, said(id)), freshDevice('old'));
const flight = startFlight(device);
const receipt = (clientSeq: number, code: string, retryAfterMs = 0): Receipt => {
  const id = device.unsent[clientSeq - 1]?.id ?? '';
  return { kind: 'receipt', clientSeq, id, state: 'REJECTED', seq: 0, code, reason: '', retryAfterMs };
};

test('sendable() gives what fits the window, and nothing behind a say that is not on disk', () => {
  const [a, b, c, d] = device.unsent;
  if (!a || !b || !c || !d) throw new Error('four says');
  const all = new Set(device.unsent);
  expect(sendable(device, flight, { window: 3, kept: all })).toEqual([a, b, c]);
  expect(sendable(device, { ...flight, sentUpTo: 3 }, { window: 3, kept: all })).toEqual([]);
  expect(sendable(device, { ...flight, sentUpTo: 3, acceptedUpTo: 1 }, { window: 3, kept: all })).toEqual([
    d,
  ]);
  expect(sendable(device, flight, { window: 4, kept: new Set([a, c, d]) })).toEqual([a]);
});

test('a welcome renames a device that the server forgot, not one stored further since its hello', () => {
  const two = settle(device, 2);
  const welcome = (clientSeqStored: number, storedAtHello: number, on: KeptDevice = two) =>
    onWelcome(on, { clientSeqStored, userId: 'anna' }, { storedAtHello, freshDeviceId: 'new' });
  expect(welcome(1, 2)).toMatchObject({ do: 'rename', device: { deviceId: 'new', storedUpTo: 0 } });
  expect(welcome(1, 1)).toMatchObject({ do: 'send', device: { userId: 'anna' }, flight: { sentUpTo: 2 } });
  expect(welcome(5, 4, settle(device, 4))).toMatchObject({ do: 'rename' });
  expect(welcome(0, 0, { ...two, userId: 'ben' })).toEqual({ do: 'leave' });
});

test('a receipt of an earlier connection settles no say that still waits for its own', () => {
  const claimed = startFlight(device, 2);
  const stored = { ...receipt(3, ''), state: 'STORED' as const, seq: 3 };
  expect(onReceipt(device, claimed, stored, 'new')).toEqual({ do: 'send', device, flight: claimed });
  const answered = settle(device, 2);
  expect(onReceipt(answered, claimed, stored, 'new')).toMatchObject({ device: { storedUpTo: 3 } });
});

test('what the server has under unsent numbers is asked for before anything else goes out', () => {
  const verdict = onWelcome(
    device,
    { clientSeqStored: 2, userId: 'anna' },
    { storedAtHello: 0, freshDeviceId: 'new' },
  );
  if (verdict.do !== 'send') throw new Error(verdict.do);
  const send = (on: KeptDevice) =>
    sendable(on, verdict.flight, { window: 4, kept: new Set(on.unsent) }).map(({ id }) => id);
  expect(send(verdict.device)).toEqual(['a', 'b']);
  expect(send(settle(verdict.device, 2))).toEqual(['c', 'd']);
});

test('a receipt under a claimed number settles no say ahead of it that was refused meanwhile', () => {
  const claimed = { ...startFlight(device, 4), sentUpTo: 3 };
  const slow = onReceipt(device, claimed, receipt(1, 'too_fast'), 'new');
  if (slow.do !== 'rewind') throw new Error(slow.do);
  const stored = (clientSeq: number): Receipt => ({ ...receipt(clientSeq, ''), state: 'STORED', seq: 9 });
  const third = onReceipt(device, slow.flight, stored(3), 'new');
  expect(third).toEqual({ do: 'send', device, flight: slow.flight });
  const first = onReceipt(device, slow.flight, stored(1), 'new');
  expect(first).toMatchObject({ do: 'send', device: { storedUpTo: 1 } });
});

test('a number that another say has renames the device once all that was sent is answered', () => {
  const sent = { ...flight, sentUpTo: 3 };
  const first = onReceipt(device, sent, receipt(1, 'number_reused'), 'new');
  if (first.do !== 'send') throw new Error(first.do);
  expect(sendable(first.device, first.flight, { window: 9, kept: new Set(device.unsent) })).toEqual([]);
  const stored: Receipt = { ...receipt(2, ''), state: 'STORED', seq: 9 };
  const second = onReceipt(first.device, first.flight, stored, 'new');
  if (second.do !== 'send') throw new Error(second.do);
  expect(onReceipt(second.device, second.flight, receipt(3, 'gap'), 'new')).toMatchObject({
    do: 'rename',
    device: { deviceId: 'new', storedUpTo: 0, unsent: [{ id: 'a', clientSeq: 1 }, { id: 'c' }, { id: 'd' }] },
  });
});

test('a final rejection renames what is behind it only once all before it are stored', () => {
  expect(onReceipt(device, flight, receipt(2, 'text_too_long'), 'new')).toMatchObject({ do: 'rewind' });
  const verdict = onReceipt(device, flight, receipt(1, 'text_too_long'), 'new');
  expect(verdict).toMatchObject({
    do: 'rename',
    device: {
      deviceId: 'new',
      storedUpTo: 0,
      unsent: [{ id: 'b', clientSeq: 1 }, { id: 'c' }, { id: 'd', clientSeq: 3 }],
    },
  });
});

test('waits are as long as asked for and grow; many gaps in a row ask the server anew', () => {
  const wait = (setbacks: number, code: string, ms = 0) =>
    onReceipt(device, { ...flight, setbacks }, receipt(1, code, ms), 'new');
  expect(wait(0, 'busy', 700)).toMatchObject({ do: 'rewind', afterMs: 700 });
  expect(wait(3, 'busy')).toMatchObject({ do: 'rewind', afterMs: 400 });
  expect(wait(60, 'busy')).toMatchObject({ do: 'rewind', afterMs: 5_000 });
  expect(wait(0, 'busy', 2 ** 32)).toMatchObject({ do: 'rewind', afterMs: waitMostMs });
  expect(wait(6, 'gap')).toEqual({ do: 'reconnect' });
});

test('silence sends again twice, then doubts the connection', () => {
  expect(onSilence({ ...flight, setbacks: 1 })).toMatchObject({ do: 'rewind', afterMs: 0 });
  expect(onSilence({ ...flight, setbacks: 2 })).toEqual({ do: 'reconnect' });
});
