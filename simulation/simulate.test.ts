import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allAllowed, faultKinds } from './faults.ts';
import { mutants } from './mutants.ts';
import { mutated } from './plant.ts';
import { run } from './run.ts';
import { VirtualTime } from './virtual-time.ts';

test('run() gives the same trace for the same seed, byte by byte, and another for another seed', async () => {
  const [first, again, other] = [await run(7), await run(7), await run(8)];
  expect(first.faults).toBeGreaterThan(0);
  expect(again.trace).toEqual(first.trace);
  expect(again.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
});

test('every promise holds in the first worlds, whatever goes wrong in them', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { broken, said } = await run(seed);
    expect(broken, `npm run simulate -- --seed ${seed}`).toBeUndefined();
    expect(said).toBeGreaterThan(0);
  }
});

test('a world whose faults are all left out has none', async () => {
  const calm = await run(7, { ...allAllowed, kinds: new Set() });
  expect(calm.faults).toBe(0);
  const half = await run(7, { ...allAllowed, most: 3 });
  expect(half.faults).toBe(3);
  expect(faultKinds.length).toBeGreaterThan(30);
});

test('run() leaves chance and setImmediate as they were', async () => {
  const before = [Math.random, globalThis.setImmediate];
  await run(1);
  expect([Math.random, globalThis.setImmediate]).toEqual(before);
});

test('virtual time does everything in order, each task with the promises that it settles', async () => {
  const time = new VirtualTime(1);
  const seen: string[] = [];
  time.after(20, () => seen.push(`late at ${time.nowMs}`));
  time.after(10, () => {
    setImmediate(() => seen.push('soon'));
    void Promise.resolve().then(() => seen.push('promise'));
    seen.push('first');
  });
  time.after(10, () => seen.push('second'));
  time.after(15, () => seen.push('never'))();
  await time.run(100, () => false);
  expect(seen).toEqual(['first', 'promise', 'soon', 'second', 'late at 20']);
  expect(time.nowMs).toBe(100);
});

test.each([...mutants])('the place of "%s" is still in the code, once', async (_name, mutant) => {
  const text = await readFile(join(import.meta.dirname, '..', mutant.file), 'utf8');
  expect(mutated(mutant, text)).not.toBe(text);
  expect(() => mutated({ ...mutant, find: 'no such place' }, text)).toThrow('is there 0 times');
});
