import { expect, test } from 'vitest';
import { faultsOf, kindOf, scheduleOf, type Topology } from './faults.ts';

const topology: Topology = { actors: 3, gateways: 2, nats: 'cluster', history: 'cassandra' };
const nameOf = ({ what, target }: { readonly what: string; readonly target: string }) => `${what} ${target}`;

test('scheduleOf() gives the same faults for the same seed, and others for another', () => {
  expect(scheduleOf(7, 60, topology)).toEqual(scheduleOf(7, 60, topology));
  expect(scheduleOf(7, 60, topology)).not.toEqual(scheduleOf(8, 60, topology));
});

test('scheduleOf() begins as a longer schedule of the same seed does', () => {
  expect(scheduleOf(7, 60, topology).slice(0, 20)).toEqual(scheduleOf(7, 20, topology));
});

test('scheduleOf() has every fault once before any comes again', () => {
  const all = faultsOf(topology).map(nameOf);
  const schedule = scheduleOf(1, 2 * all.length, topology).map(nameOf);
  expect(new Set(schedule.slice(0, all.length))).toEqual(new Set(all));
  expect(new Set(schedule.slice(all.length))).toEqual(new Set(all));
});

test('faultsOf() leaves nothing out that can be hurt', () => {
  const targets = new Set(faultsOf(topology).map(({ target }) => target));
  expect([...targets]).toEqual([
    ...['inference', 'actors', 'actors-2', 'actors-3', 'gateway', 'gateway-2'],
    ...['nats-leader', 'nats-follower', 'cassandra', 'clients', 'nats-links'],
  ]);
});

test('a pause is longer than the lease, so that others take over', () => {
  const pauses = scheduleOf(1, 200, topology).filter(({ what }) => what === 'pause');
  expect(Math.min(...pauses.map(({ ms }) => ms))).toBeGreaterThan(800);
});

test('kindOf() counts hosts of one role together', () => {
  expect(kindOf({ what: 'kill', target: 'actors-3' })).toBe('kill actors');
  expect(kindOf({ what: 'cut', target: 'nats-links' })).toBe('cut nats-links');
});
