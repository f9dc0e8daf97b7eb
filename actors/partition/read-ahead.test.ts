import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadAhead, type Reserve } from './read-ahead.ts';

/** Reads records of that size until it has to wait, and then whenever it may. */
function readOn(reserve: Reserve, recordBytes: number) {
  const reading = { records: 0, ended: false };
  void (async () => {
    while (!reading.ended) {
      reading.records += 1;
      await reserve.hold(recordBytes);
    }
  })();
  return reading;
}

test('partitions share the bytes evenly, whatever their records hold', async () => {
  const readAhead = new ReadAhead(1_000);
  const reserves = [10, 50, 100, 400].map((recordBytes) => {
    const reserve = readAhead.open();
    return { reserve, recordBytes, reading: readOn(reserve, recordBytes) };
  });
  // All are open before the first goes on to read.
  await turn();
  for (const { reserve, recordBytes } of reserves) {
    expect(reserve.bytes).toBeGreaterThan(0);
    expect(reserve.bytes).toBeLessThan(250 + recordBytes);
  }
  for (const { reserve, reading } of reserves) {
    reading.ended = true;
    reserve.close();
  }
  expect(readAhead.bytes).toBe(0);
});

test('a partition that waits goes on once it has released, and not before', async () => {
  const reserve = new ReadAhead(100).open();
  const reading = readOn(reserve, 60);
  await turn();
  expect(reading.records).toBe(2);
  await turn();
  expect(reading.records).toBe(2);
  reserve.release(60);
  await turn();
  expect(reading.records).toBe(3);
  reading.ended = true;
  reserve.close();
});

test('a record above the whole share is read when nothing else is held', async () => {
  const readAhead = new ReadAhead(100);
  const [large, other] = [readAhead.open(), readAhead.open()];
  const reading = readOn(large, 5_000);
  await turn();
  expect(reading.records).toBe(1);
  const others = readOn(other, 10);
  await turn();
  expect(others.records).toBe(1);
  large.release(5_000);
  await turn();
  expect(reading.records).toBe(2);
  for (const [one, reserve] of [[reading, large] as const, [others, other] as const]) {
    one.ended = true;
    reserve.close();
  }
});

test('what a partition that left held is free for the others', async () => {
  const readAhead = new ReadAhead(100);
  const [leaving, staying] = [readAhead.open(), readAhead.open()];
  const gone = readOn(leaving, 50);
  const stays = readOn(staying, 50);
  await turn();
  expect([gone.records, stays.records]).toEqual([1, 1]);
  gone.ended = true;
  leaving.close();
  await turn();
  expect(stays.records).toBe(2);
  expect(readAhead.bytes).toBe(100);
  stays.ended = true;
  staying.close();
});

test('a partition that is closed holds nothing, whatever still comes', async () => {
  const readAhead = new ReadAhead(100);
  const reserve = readAhead.open();
  await reserve.hold(50);
  reserve.close();
  await reserve.hold(200);
  reserve.release(50);
  expect(readAhead.bytes).toBe(0);
});
