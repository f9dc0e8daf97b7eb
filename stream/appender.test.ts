import { setImmediate as turn } from 'node:timers/promises';
import { encodeBatch, envelopesOf } from '@rapport/proto/batch.ts';
import { type Code, isCode } from '@rapport/proto/codes.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { expect, test } from 'vitest';
import { Appender, type Outcome } from './appender.ts';

/** A log in memory that a test holds back or takes away. */
class MemoryLog {
  readonly partitions = 4;
  readonly records: { readonly payload: string; readonly appendId: string }[] = [];
  /** Why it takes nothing; undefined while it does. */
  fault: Code | undefined;
  #held: (() => void)[] | undefined;

  hold(): void {
    this.#held = [];
  }

  letGo(): void {
    for (const resume of this.#held ?? []) resume();
    this.#held = undefined;
  }

  async append(_: number, entries: readonly string[], appendId: string): Promise<void> {
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
    if (this.fault !== undefined) throw new Fault(this.fault, 'the test took the log away');
    this.records.push({ payload: encodeBatch(entries), appendId });
  }
}

function open() {
  const inbox = new MemoryLog();
  const clock = { nowMs: 0, ...systemClock, monotonicMs: () => clock.nowMs };
  const failures = { count: 0 };
  const inc = () => {
    failures.count += 1;
  };
  const meters = {
    appendEnvelopes: { observe: () => {} },
    appendSeconds: { startTimer: () => () => {} },
    appendFailures: { inc },
  };
  const log = createLog({ name: 'test', level: 'silent' });
  return { inbox, clock, failures, appender: new Appender({ inbox, name: 'g1', meters, log, clock }) };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn();
}

function said(clientSeq: number, text = 'x', choiceId?: string): Envelope {
  const event = { kind: 'said' as const, deviceId: 'd', clientSeq, id: 'i', text, channel: 'web' };
  return {
    creatorId: 'demo',
    userId: 'anna',
    event: choiceId === undefined ? event : { ...event, choiceId },
  };
}

const numbers = ({ records }: MemoryLog) =>
  records.map(({ payload }) =>
    envelopesOf(Buffer.from(payload)).map(({ event }) => (event.kind === 'said' ? event.clientSeq : 0)),
  );

test('what comes in one turn of the event loop is one append of each partition', async () => {
  const { inbox, appender } = open();
  for (const clientSeq of [1, 2, 3]) appender.add(0, said(clientSeq));
  appender.add(1, said(4));
  await settle();
  expect(numbers(inbox)).toEqual([[1, 2, 3], [4]]);
  expect(new Set(inbox.records.map(({ appendId }) => appendId)).size).toBe(2);
});

test('while an append is on its way the next one gathers, in order', async () => {
  const { inbox, appender } = open();
  inbox.hold();
  appender.add(0, said(1));
  await settle();
  for (const clientSeq of [2, 3]) {
    appender.add(0, said(clientSeq));
    await settle();
  }
  expect(inbox.records).toEqual([]);
  inbox.letGo();
  await settle();
  expect(numbers(inbox)).toEqual([[1], [2, 3]]);
});

// In JSON a control character takes six bytes, a letter of another script three, an emoji four.
test.each(['x', '\u0001', '猫', '🐈'])('an append of texts of %j stays below 512 KiB', async (letter) => {
  const { inbox, appender } = open();
  inbox.hold();
  appender.add(0, said(1));
  await settle();
  let added = 1;
  while (appender.add(0, said(added + 1, letter.repeat(4_000)))) added += 1;
  inbox.letGo();
  await appender.drain();
  expect(numbers(inbox).flat()).toEqual(Array.from({ length: added }, (_, at) => at + 1));
  expect(added).toBeGreaterThan(50);
  for (const { payload } of inbox.records) expect(Buffer.byteLength(payload)).toBeLessThan(513 * 1024);
});

test('a choice counts as it is encoded: small says with long choices stay below 512 KiB', async () => {
  const { inbox, appender } = open();
  for (let clientSeq = 1; clientSeq <= 1_024; clientSeq += 1)
    expect(appender.add(0, said(clientSeq, 'x', '\u0001'.repeat(128)))).toBe(true);
  await appender.drain();
  expect(numbers(inbox).flat()).toHaveLength(1_024);
  for (const { payload } of inbox.records) expect(Buffer.byteLength(payload)).toBeLessThan(513 * 1024);
});

test('what waits is bounded: add() says so', async () => {
  const { inbox, appender } = open();
  inbox.hold();
  let taken = 0;
  while (taken < 10_000 && appender.add(0, said(taken + 1))) taken += 1;
  expect(taken).toBeLessThan(10_000);
  expect(appender.add(1, said(1))).toBe(true);
  inbox.letGo();
  await appender.drain();
  expect(appender.add(0, said(1))).toBe(true);
});

test('each envelope hears what became of its append', async () => {
  const { inbox, appender } = open();
  const outcomes: Outcome[] = [];
  const add = async (clientSeq: number, fault: string) => {
    inbox.fault = isCode(fault) ? fault : undefined;
    appender.add(0, said(clientSeq), (outcome) => outcomes.push(outcome));
    await settle();
  };
  await add(1, 'none');
  await add(2, 'busy');
  await add(3, 'bad_request');
  expect(outcomes).toEqual(['accepted', 'lost', 'refused']);
});

test('append() resolves when it is in the log, and throws what became of it otherwise', async () => {
  const { inbox, appender } = open();
  await appender.append(0, said(1));
  inbox.fault = 'busy';
  await expect(appender.append(0, said(2))).rejects.toMatchObject({ code: 'busy', retry: 'later' });
  inbox.fault = 'bad_request';
  await expect(appender.append(0, said(3))).rejects.toMatchObject({ retry: 'never' });
  inbox.fault = undefined;
  inbox.hold();
  await settle();
  let clientSeq = 4;
  while (appender.add(0, said(clientSeq))) clientSeq += 1;
  await expect(appender.append(0, said(clientSeq))).rejects.toMatchObject({ code: 'busy' });
  inbox.letGo();
});

test('drain() waits for what is on its way and for what gathers behind it', async () => {
  const { inbox, appender } = open();
  inbox.hold();
  appender.add(0, said(1));
  await settle();
  appender.add(0, said(2));
  const drained = appender.drain();
  inbox.letGo();
  await drained;
  expect(numbers(inbox)).toEqual([[1], [2]]);
  await appender.drain();
});

test('tells which partitions refuse, and that the log does once nothing came in for a minute', async () => {
  const { inbox, clock, appender } = open();
  const append = async (partition: number, fault?: Code) => {
    inbox.fault = fault;
    appender.add(partition, said(1));
    await settle();
  };
  await append(0, 'busy');
  expect([appender.refusal, appender.refusingPartitions]).toEqual([undefined, 1]);
  clock.nowMs += 59_000;
  await append(0, 'busy');
  expect(appender.refusal).toBeUndefined();
  clock.nowMs += 1_000;
  expect(appender.refusal).toContain('the test took the log away');
  await append(1);
  expect([appender.refusal, appender.refusingPartitions]).toEqual([undefined, 1]);
  await append(0, 'busy');
  clock.nowMs += 80_000; // Nobody tried meanwhile.
  expect(appender.refusal).toBeUndefined();
  await append(0);
  expect(appender.refusingPartitions).toBe(0);
});

test('a record that the log refuses for its form does not tell that the log refuses others', async () => {
  const { inbox, failures, appender } = open();
  inbox.fault = 'bad_request';
  appender.add(0, said(1));
  await settle();
  expect(failures.count).toBe(1);
  expect(appender.refusal).toBeUndefined();
});
