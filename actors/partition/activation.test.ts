import { write } from '@rapport/history/history.contract.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { expect, test } from 'vitest';
import { Residents } from '../memory/residents.ts';
import { Activation } from './activation.ts';

const log = createLog({ name: 'test', level: 'silent' });

test('neighbours in a batch share an actor only when person and creator are the same', async () => {
  const history = openMemoryHistory();
  await history.commit([{ ...write('acme', 'ann', 4, 2), state: '{"damaged' }]);
  const activation = new Activation({
    history,
    residents: new Residents({ actorsMax: 100, bytesMax: 1_000_000, idleMs: 60_000 }),
    clock,
    log,
    signal: new AbortController().signal,
    logEnd: { saw: () => {}, reachesCheckpoint: async () => {}, rowsBeyond: async () => new Set() },
    isWriting: () => false,
    turnLost: () => {},
  });
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
