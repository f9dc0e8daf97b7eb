import { systemClock } from '@rapport/runtime/clock.ts';
import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

function breakerAt() {
  const time = { nowMs: 0 };
  const clock = { ...systemClock, monotonicMs: () => time.nowMs };
  return { time, breaker: new Breaker(clock, { failuresMax: 2, openMs: 1_000 }) };
}

describe('Breaker', () => {
  it('opens after failures in a row, not after as many with a success between', () => {
    const { breaker } = breakerAt();
    for (const end of ['unreachable', 'reached', 'unreachable'] as const) {
      expect(breaker.allows()).toBe(true);
      breaker.ended(end);
    }
    expect(breaker.at).toBe('closed');
    breaker.ended('unreachable');
    expect(breaker.allows()).toBe(false);
  });

  it('lets exactly one call probe after openMs, and closes when that one reaches the service', () => {
    const { breaker, time } = breakerAt();
    breaker.ended('unreachable');
    breaker.ended('unreachable');
    time.nowMs = 1_000;
    expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
    breaker.ended('reached');
    expect([breaker.allows(), breaker.allows()]).toEqual([true, true]);
  });

  it('opens again for openMs when the probe fails', () => {
    const { breaker, time } = breakerAt();
    breaker.ended('unreachable');
    breaker.ended('unreachable');
    time.nowMs = 1_000;
    breaker.allows();
    breaker.ended('unreachable');
    time.nowMs = 1_999;
    expect(breaker.allows()).toBe(false);
    time.nowMs = 2_000;
    expect(breaker.allows()).toBe(true);
  });

  it('lets the next call probe when the probe was given up before it could tell', () => {
    const { breaker, time } = breakerAt();
    breaker.ended('unreachable');
    breaker.ended('unreachable');
    time.nowMs = 1_000;
    breaker.allows();
    breaker.ended('unknown');
    expect(breaker.allows()).toBe(true);
  });
});
