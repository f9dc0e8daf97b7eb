import { write } from '@rapport/history/history.contract.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { expect, test } from 'vitest';
import { Residents } from '../memory/residents.ts';
import { Activation } from './activation.ts';

const log = createLog({ name: 'test', level: 'silent' });

function activationOf(history: MessageStore): Activation {
  return new Activation({
    history,
    residents: new Residents({ actorsMax: 100, bytesMax: 1_000_000, idleMs: 60_000 }),
    clock,
    log,
    signal: new AbortController().signal,
    logEnd: { saw: () => {}, reachesCheckpoint: async () => {}, rowsBeyond: async () => new Set() },
    isWriting: () => false,
    turnLost: () => {},
  });
}

test('a row of a newer form is left alone, and the reason names who reads it', async () => {
  const history = openMemoryHistory();
  const newer = '{"v":2,"core":{"other":"fields"}}';
  await history.commit([{ ...write('acme', 'ann', 4, 2), state: newer }]);
  const ann = { creatorId: 'acme', userId: 'ann' };
  expect(await activationOf(history).activate([ann])).toEqual([
    {
      damaged: 'the stored state of acme/ann has form 2; this host reads up to form 1, a newer host reads it',
    },
  ]);
  expect((await history.load([ann]))[0]?.state).toBe(newer);
});

test('neighbours in a batch share an actor only when person and creator are the same', async () => {
  const history = openMemoryHistory();
  await history.commit([{ ...write('acme', 'ann', 4, 2), state: '{"damaged' }]);
  const activation = activationOf(history);
  const keys = ['acme/ann', 'acme/ann', 'demo/ann', 'demo/ann', 'demo/bob', 'acme/bob', 'acme/ann'].map(
    (name) => ({ creatorId: name.slice(0, 4), userId: name.slice(5) }),
  );
  for (const round of ['loaded', 'resident']) {
    const actors = await activation.activate(keys);
    const names = actors.map((actor) => ('damaged' in actor ? 'damaged' : actor.name));
    expect([round, ...names]).toEqual([
      round,
      'damaged',
      'damaged',
      'demo/ann',
      'demo/ann',
      'demo/bob',
      'acme/bob',
      'damaged',
    ]);
    expect(actors[2]).toBe(actors[3]);
  }
});
