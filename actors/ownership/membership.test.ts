import type { Clock } from '@rapport/runtime/clock.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { beforeEach, expect, test } from 'vitest';
import { Lease } from './lease.ts';
import { Membership } from './membership.ts';

const leaseMs = 800;
let nowMs: number;
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
let membership: Membership;
let beat: number;

beforeEach(() => {
  nowMs = 5_000;
  beat = 0;
  membership = new Membership({ hostId: 'own', leaseMs, clock });
});

/** Time passes in heartbeats of those who live. */
function pass(heartbeats: number, ...living: string[]): void {
  for (let at = 0; at < heartbeats; at += 1) {
    nowMs += 200;
    beat += 1;
    for (const hostId of living) membership.heard({ hostId, beat, leaving: false }, true);
  }
}

test('a host is dead once it was silent for a lease, and lives again when it is heard', () => {
  pass(1, 'own', 'other');
  pass(3, 'own');
  expect(membership.live()).toEqual(['own', 'other']);
  pass(1, 'own');
  expect(membership.live()).toEqual(['own']);
  expect(membership.isDead('other')).toBe(true);
  pass(1, 'own', 'other');
  expect(membership.isDead('other')).toBe(false);
});

test('while a host does not hear itself nobody dies, and then everybody has a lease again', () => {
  pass(1, 'own', 'other');
  pass(20);
  expect(membership.isDead('other')).toBe(false);
  pass(1, 'own');
  expect(membership.isDead('other')).toBe(false);
  pass(3, 'own');
  expect(membership.isDead('other')).toBe(false);
  pass(1, 'own');
  expect(membership.isDead('other')).toBe(true);
});

test('who was dead before a silence of our own stays dead', () => {
  pass(1, 'own', 'other');
  pass(4, 'own');
  expect(membership.isDead('other')).toBe(true);
  pass(20);
  pass(1, 'own');
  expect(membership.isDead('other')).toBe(true);
});

test('an owner whom nobody heard has a lease from the first look on', () => {
  pass(1, 'own');
  expect(membership.isDead('stranger')).toBe(false);
  pass(3, 'own');
  expect(membership.isDead('stranger')).toBe(false);
  pass(1, 'own');
  expect(membership.isDead('stranger')).toBe(true);
});

test('what was written before we watched is no sign of life, nor is what is told again', () => {
  pass(1, 'own');
  membership.heard({ hostId: 'other', beat: 7, leaving: false }, false);
  expect(membership.live()).toEqual(['own']);
  pass(4, 'own');
  membership.heard({ hostId: 'other', beat: 7, leaving: false }, true);
  expect(membership.isDead('other')).toBe(true);
  membership.heard({ hostId: 'other', beat: 8, leaving: false }, true);
  expect(membership.live()).toEqual(['own', 'other']);
});

test('who is leaving takes nothing and is not dead; who left is dead at once', () => {
  pass(1, 'own', 'other');
  membership.heard({ hostId: 'other', beat: 9, leaving: true }, true);
  expect(membership.live()).toEqual(['own']);
  expect(membership.isDead('other')).toBe(false);
  membership.heard({ hostId: 'other', beat: 0, leaving: true }, true);
  expect(membership.isDead('other')).toBe(true);
});

test('a lease ends well before others may take over, counted from when the heartbeat was sent', () => {
  const lease = new Lease(clock, { heartbeatMs: 200, leaseMs });
  expect(lease.held).toBe(false);
  const sentMs = nowMs;
  nowMs += 300;
  lease.renew(sentMs);
  expect(lease.held).toBe(true);
  nowMs = sentMs + leaseMs * 0.6;
  expect(lease.held).toBe(false);
});

test('ensure() waits for a lease that ran out, and rejects when the partition is stopped', async () => {
  const lease = new Lease(clock, { heartbeatMs: 200, leaseMs });
  const stop = new AbortController();
  const done: string[] = [];
  const waiting = lease.ensure(stop.signal).then(() => done.push('held'));
  lease.renew(nowMs - leaseMs); // Its answer came too late.
  await Promise.resolve();
  expect(done).toEqual([]);
  lease.renew(nowMs);
  await waiting;
  nowMs += leaseMs;
  const stopped = lease.ensure(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
});
