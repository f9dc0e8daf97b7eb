import type { Event } from '@rapport/proto/envelope.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../decide.ts';
import type { Context, NewMessage } from '../decision.ts';
import type { Effect } from '../effect.ts';
import { type Conversation, newConversation } from '../state.ts';
import { lateMs, spreadMs } from '../timer.ts';

const followUp = { afterSeconds: 60, text: 'How did it go?' };
const context: Context = {
  userId: 'ann',
  atMs: 0,
  answering: 'coach',
  configVersion: 1,
  settings: { 'follow-up': followUp },
};

const say = (clientSeq: number): Event => ({
  kind: 'said',
  deviceId: 'phone',
  clientSeq,
  id: `phone-${clientSeq}`,
  text: 'hello',
  channel: 'web',
});
const answered = (turnId: string): Event => ({ kind: 'answered', turnId, text: 'Sleep.', sources: [] });
const fired = (generation: number, timerId = 'follow-up'): Event => ({
  kind: 'timer_fired',
  timerId,
  generation,
});

/** Folds events, each with its time and what is configured then. */
function fold(events: readonly (readonly [number, Event, Partial<Context>?])[]) {
  let state: Conversation = newConversation;
  const messages: NewMessage[] = [];
  const effects: Effect[] = [];
  for (const [atMs, event, using] of events) {
    const decision = decide(state, event, { ...context, ...using, atMs });
    state = decision.state;
    messages.push(...decision.messages);
    effects.push(...decision.effects);
  }
  const timers = effects.filter(({ kind }) => kind === 'schedule' || kind === 'unschedule');
  return { state, timers, roles: messages.map(({ role }) => role), messages };
}

const schedule = (generation: number, atMs: number) => ({
  kind: 'schedule',
  timerId: 'follow-up',
  generation,
  atMs,
});
const unschedule = (generation: number) => ({ kind: 'unschedule', timerId: 'follow-up', generation });

describe('decide() on a person who is quiet after an answer', () => {
  test('follows up once, with what is configured', () => {
    const { timers, messages, state } = fold([
      [0, say(1)],
      [1_000, answered('t1')],
      [61_000, fired(1)],
      [61_001, fired(1)],
    ]);
    expect(timers).toEqual([schedule(1, 61_000)]);
    expect(messages.slice(2)).toEqual([
      { seq: 3, id: 'follow-up-3', role: 'COACH', text: 'How did it go?', atMs: 61_000 },
    ]);
    expect(state.core.timers).toEqual({ set: 1, pending: [] });
  });

  test('begins anew only when the person has said something and was answered', () => {
    const { timers, roles } = fold([
      [0, say(1)],
      [1_000, answered('t1')],
      [61_000, fired(1)],
      [70_000, say(2)],
      [71_000, answered('t4')],
      [131_000, fired(2)],
    ]);
    expect(timers).toEqual([schedule(1, 61_000), schedule(2, 131_000)]);
    expect(roles).toEqual(['USER', 'COACH', 'COACH', 'USER', 'COACH', 'COACH']);
  });

  test('says nothing to one who spoke meanwhile, even when the old timer fires after the new answer', () => {
    const { timers, roles } = fold([
      [0, say(1)],
      [1_000, answered('t1')],
      [30_000, say(2)],
      [40_000, fired(1)],
      [50_000, answered('t3')],
      [61_000, fired(1)],
    ]);
    expect(timers).toEqual([schedule(1, 61_000), unschedule(1), schedule(2, 110_000)]);
    expect(roles).toEqual(['USER', 'COACH', 'USER', 'COACH']);
  });

  test.each<{ what: string; end: Event }>([
    { what: 'failed', end: { kind: 'turn_failed', turnId: 't1', code: 'model_failed' } },
    { what: 'was stopped', end: { kind: 'turn_stopped', turnId: 't1', text: 'Sle', sources: [] } },
  ])('does not follow up an answer that $what', ({ end }) => {
    expect(
      fold([
        [0, say(1)],
        [1_000, end],
      ]).timers,
    ).toEqual([]);
  });

  test('waits for the last answer when more was asked meanwhile', () => {
    const { timers } = fold([
      [0, say(1)],
      [500, say(2)],
      [1_000, answered('t1')],
      [2_000, answered('t2')],
    ]);
    expect(timers).toEqual([schedule(1, 62_000)]);
  });

  test('says nothing any more once the creator wants none, or answers in person', () => {
    const asked = [
      [0, say(1)],
      [1_000, answered('t1')],
    ] as const;
    expect(fold([...asked, [61_000, fired(1), { answering: 'people' }]]).roles).toHaveLength(2);
    const { state } = decide(fold(asked).state, fired(1), { ...context, settings: {}, atMs: 61_000 });
    expect(state).toMatchObject({ core: { topSeq: 2, timers: { pending: [] } } });
  });

  test('leaves a state alone that has no such timer', () => {
    for (const event of [fired(1), fired(1, 'nobody-knows')]) {
      expect(decide(newConversation, event, context)).toEqual({
        state: newConversation,
        messages: [],
        effects: [],
        moments: [],
      });
    }
  });
});

describe('decide() on a timer that fires long after its time', () => {
  const late = 61_000 + lateMs + 1;
  const asked = [
    [0, say(1)],
    [1_000, answered('t1')],
  ] as const;

  test('sets it again, once, for a time that the name chooses', () => {
    const { timers, roles } = fold([...asked, [late, fired(1)], [late, fired(1)]]);
    expect(roles).toEqual(['USER', 'COACH']);
    const [, again] = timers;
    expect(again).toMatchObject({ kind: 'schedule', generation: 2 });
    const secondLate = late + 10 * spreadMs;
    expect(fold([...asked, [late, fired(1)], [secondLate, fired(2)]]).roles).toHaveLength(3);
  });

  test('goes off at once when it is only a little late', () => {
    expect(fold([...asked, [late - 1, fired(1)]]).roles).toHaveLength(3);
  });

  test('spreads 10,000 people so that no second has more than a hundred', () => {
    const { state } = fold(asked);
    const perSecond = new Map<number, number>();
    for (let at = 0; at < 10_000; at += 1) {
      const { effects } = decide(state, fired(1), { ...context, userId: `user-${at}`, atMs: late });
      const atMs = effects.flatMap((effect) => (effect.kind === 'schedule' ? [effect.atMs] : []))[0] ?? 0;
      expect(atMs).toBeGreaterThanOrEqual(late);
      expect(atMs).toBeLessThan(late + spreadMs);
      const second = Math.floor(atMs / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThan(100);
  });

  test('is cancelled by what the person says in between', () => {
    const { roles, timers } = fold([...asked, [late, fired(1)], [late + 1, say(2)], [late + 2, fired(2)]]);
    expect(timers.at(-1)).toEqual(unschedule(2));
    expect(roles).toEqual(['USER', 'COACH', 'USER']);
  });
});

describe('decide() with timers in any order', () => {
  const event = fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 6 }).map(say) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }).map((n) => answered(`t${n}`)) },
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 8 }).map((generation) => fired(generation)) },
  );
  const timed = fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), event), { maxLength: 60 });

  test('never follows up twice without a word of the person between, or while an answer is written', () => {
    fc.assert(
      fc.property(timed, (steps) => {
        let atMs = 0;
        let state: Conversation = newConversation;
        let followedUp = true;
        for (const [waitMs, one] of steps) {
          atMs += waitMs;
          const decision = decide(state, one, { ...context, atMs });
          for (const { role, id } of decision.messages) {
            if (role === 'USER') followedUp = false;
            if (!id?.startsWith('follow-up')) continue;
            expect(followedUp).toBe(false);
            expect(state.core.turn.at).toBe('idle');
            followedUp = true;
          }
          state = decision.state;
          expect(state.core.timers?.pending.length ?? 0).toBeLessThanOrEqual(
            state.core.turn.at === 'running' ? 0 : 1,
          );
        }
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 500 },
    );
  });

  test('every timer that is pending was scheduled, and none that was taken back is', () => {
    fc.assert(
      fc.property(timed, (steps) => {
        let atMs = 0;
        const { state, timers } = fold(
          steps.map(([waitMs, one]) => {
            atMs += waitMs;
            return [atMs, one] as const;
          }),
        );
        const live = new Map<number, number>();
        for (const effect of timers) {
          if (effect.kind === 'schedule') live.set(effect.generation, effect.atMs);
          if (effect.kind === 'unschedule') live.delete(effect.generation);
        }
        for (const { generation, dueMs } of state.core.timers?.pending ?? [])
          expect(live.get(generation)).toBe(dueMs);
      }),
    );
  });
});
