import { expect, test } from 'vitest';
import type { DeviceJournal } from './journal.ts';
import { type Round, receiptWaits, waitsOf } from './waits.ts';

const round: Round = {
  kind: 'kill actors',
  beganMs: 100,
  endedMs: 200,
  hit: new Set(['ann']),
  recovered: true,
};

function device(waits: readonly (readonly [said: number, stored: number])[]): DeviceJournal {
  return {
    device: 'd',
    said: waits.map(([atMs], at) => ({ id: `${at}`, text: '', atMs })),
    receipts: waits.map(([, atMs], at) => ({ id: `${at}`, seq: at + 1, atMs })),
    views: [],
    connections: [],
  };
}

test('the longest wait of a person counts, also when it began before the fault', () => {
  const people = [{ name: 'ann', devices: [device([[90, 130]]), device([[150, 155]])] }];
  expect(waitsOf(round, people)).toEqual({ takeOverMs: [40], othersMs: [], resumeMs: [] });
});

test('what was over before the round, or began after it, does not count', () => {
  const people = [
    {
      name: 'ann',
      devices: [
        device([
          [10, 99],
          [201, 999],
        ]),
      ],
    },
  ];
  expect(waitsOf(round, people).takeOverMs).toEqual([]);
});

test('people of other hosts are counted apart', () => {
  const people = [
    { name: 'ann', devices: [device([[110, 190]])] },
    { name: 'bob', devices: [device([[110, 112]])] },
  ];
  expect(waitsOf(round, people)).toMatchObject({ takeOverMs: [80], othersMs: [2] });
});

test('the first receipt of a say ends its wait; without one it lasts to the end', () => {
  const twice = { ...device([[110, 120]]), receipts: [] };
  const again = { id: '0', seq: 1, atMs: 190 };
  expect(receiptWaits(device([[110, 120]]), round)).toEqual([10]);
  expect(receiptWaits({ ...twice, receipts: [{ ...again, atMs: 120 }, again] }, round)).toEqual([10]);
  expect(receiptWaits(twice, round)).toEqual([90]);
});

test('a socket resumes when it is open again; one that was left on purpose does not count', () => {
  const connections = [
    { at: 'lost', atMs: 110 },
    { at: 'open', atMs: 160 },
    { at: 'left', atMs: 170 },
    { at: 'open', atMs: 190 },
    { at: 'lost', atMs: 300 },
  ] as const;
  const people = [{ name: 'ann', devices: [{ ...device([]), connections }] }];
  expect(waitsOf(round, people).resumeMs).toEqual([50]);
});
