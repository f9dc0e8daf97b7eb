import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { measureIdle } from './idle.ts';
import { loadFrom } from './load-client.ts';
import { measureLatency, measureMemory, measureThroughput } from './measures.ts';
import { startSystem } from './systems.ts';

for (const name of ['floor', 'rapport'] as const) {
  test(`${name} stores everything that the load says, once and in order`, async () => {
    const system = await startSystem[name]();
    try {
      const most = await measureThroughput(system, 1);
      expect(most.load).toMatchObject({ unstored: 0, wrong: {} });
      expect(most.load.storedPerSecond).toBeGreaterThan(100);
      expect(Object.values(most.cores).every((cores) => cores > 0)).toBe(true);
      const steady = await measureLatency(system, { seconds: 1, loadedSeconds: 1 });
      expect(steady.load).toMatchObject({ unstored: 0, wrong: {} });
      expect(Math.abs(steady.load.storedPerSecond - 500)).toBeLessThan(250);
      expect((await measureMemory(system, { connections: 500, settleMs: 500 })).connections).toBe(500);
    } finally {
      await system.stop();
    }
  });
}

test('every round trip of the floor is a row in its file', async () => {
  const system = await startSystem.floor();
  try {
    const tokens = await system.tokens(20);
    const job = { kind: 'closed', inFlight: 4, warmUpMs: 0, measureMs: 500 } as const;
    const load = await loadFrom({ ...job, port: system.port, tokens });
    const database = new DatabaseSync(system.historyPath, { readOnly: true });
    const found = database
      .prepare('SELECT count(*) AS says, count(DISTINCT socket) AS sockets FROM messages')
      .get();
    database.close();
    expect(found?.sockets).toBe(20);
    expect(Number(found?.says)).toBeGreaterThanOrEqual(Math.floor(load.storedPerSecond * 0.5));
  } finally {
    await system.stop();
  }
});

test('an actor host answers every idle conversation from its row, and they take memory', async () => {
  const idle = await measureIdle({ conversations: 20_000, history: 'sqlite', settleMs: 2_000 });
  expect(idle.activatedPerSecond).toBeGreaterThan(100);
  // With so few conversations much of the memory is garbage; `npm run bench` measures against the target.
  expect(idle.rssBytes).toBeGreaterThan(500);
  expect(idle.rssBytes).toBeLessThan(20_000);
});
