import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { expect, test } from 'vitest';
import { newConversation } from '../conversation/state.ts';
import type { Actor } from '../memory/residents.ts';
import { createMeters } from '../meters.ts';
import { RecordedEffects } from './recorded-effects.ts';

function recordedEffects() {
  const calls: string[] = [];
  const metrics = new Metrics('recorded-effects');
  const recorded = new RecordedEffects({
    timers: {
      schedule: async ({ timerId, generation }) => void calls.push(`schedule ${timerId} ${generation}`),
      unschedule: async ({ timerId, generation }) => void calls.push(`unschedule ${timerId} ${generation}`),
    },
    clock,
    log: createLog({ name: 'recorded-effects', level: 'silent' }),
    meters: createMeters(metrics),
    signal: new AbortController().signal,
  });
  return { recorded, calls, metrics };
}

const actor: Actor = { name: 'demo/ann', creatorId: 'demo', userId: 'ann', state: newConversation, inSeq: 1 };

test('replay() performs what a row records and what an older host owed, each once', async () => {
  const { recorded, calls } = recordedEffects();
  const loaded: Actor = {
    ...actor,
    outbox: [{ kind: 'schedule', timerId: 'follow-up', generation: 2, atMs: 5 }],
    owed: [{ kind: 'unschedule', timerId: 'follow-up', generation: 1 }],
  };
  await recorded.replay([loaded]);
  await recorded.replay([loaded]);
  expect(calls).toEqual(['unschedule follow-up 1', 'schedule follow-up 2']);
});

test('replay() performs nothing of a kind that it does not know, and counts it', async () => {
  const { recorded, calls, metrics } = recordedEffects();
  const loaded: Actor = { ...actor, kept: [{ kind: 'deliver' }] };
  await recorded.replay([loaded]);
  expect(calls).toEqual([]);
  expect(loaded.kept).toEqual([{ kind: 'deliver' }]);
  expect(await metrics.registry.metrics()).toMatch(/rapport_effects_kept_total\S* 1\n/);
});
