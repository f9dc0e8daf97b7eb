import type { Event } from '@rapport/proto/envelope.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decide } from './decide.ts';
import type { Context } from './decision.ts';
import type { Effect } from './effect.ts';
import type { Moment } from './moment.ts';
import type { Part, PartContext, PartResult } from './part.ts';
import { type Conversation, newConversation } from './state.ts';
import { spreadMs, unknownKeptMs } from './timer.ts';

const context: Context = { userId: 'ann', atMs: 1_000, answering: 'coach', configVersion: 1, settings: {} };

function say(clientSeq: number, text = 'hello'): Event {
  return { kind: 'said', deviceId: 'phone', clientSeq, id: `phone-${clientSeq}`, text, channel: 'web' };
}
const answered = (turnId: string): Event => ({ kind: 'answered', turnId, text: 'Sleep.', sources: [] });
const fired = (timerId: string, generation: number): Event => ({ kind: 'timer_fired', timerId, generation });

/** A part of the tests: what it does with a moment is given. */
function part(
  name: string,
  on: (moment: Moment, slice: unknown, context: PartContext<unknown>) => PartResult<unknown>,
): Part {
  return { name, initial: null, settings: z.object({ word: z.string() }), on };
}

function fold(events: readonly Event[], parts: readonly Part[], from: Conversation = newConversation) {
  let state = from;
  const effects: Effect[] = [];
  const decisions = events.map((event) => {
    const decision = decide(state, event, context, parts);
    state = decision.state;
    effects.push(...decision.effects);
    return decision;
  });
  const timers = effects.filter(({ kind }) => kind === 'schedule' || kind === 'unschedule');
  return { state, decisions, timers, infers: effects.filter(({ kind }) => kind === 'infer') };
}

describe('the moments of an event', () => {
  const kinds = (events: readonly Event[]) =>
    fold(events, []).decisions.map(({ moments }) => moments.map(({ kind }) => kind));

  test('tell what it changed, once', () => {
    const asked = [say(1), say(1), answered('t1'), answered('t1'), { kind: 'read', seq: 2 } as const];
    expect(kinds(asked)).toEqual([['person_said'], [], ['coach_answered'], [], ['read']]);
    expect(kinds([say(1), { kind: 'turn_failed', turnId: 't1', code: 'model_busy' }])[1]).toEqual([
      'turn_failed',
    ]);
    expect(kinds([say(1), { kind: 'turn_stopped', turnId: 't1', text: '', sources: [] }])[1]).toEqual([
      'turn_stopped',
    ]);
    expect(kinds([say(3), { kind: 'read', seq: 2 }])).toEqual([[], []]);
  });

  test('say which message they are about, and whether more was asked meanwhile', () => {
    const { decisions } = fold([say(1), say(2), answered('t1'), answered('t2')], []);
    expect(decisions.flatMap(({ moments }) => moments).slice(2)).toEqual([
      {
        kind: 'coach_answered',
        turnId: 't1',
        attempt: 1,
        usage: undefined,
        isMoreAsked: true,
        seq: 3,
        text: 'Sleep.',
      },
      {
        kind: 'coach_answered',
        turnId: 't2',
        attempt: 1,
        usage: undefined,
        isMoreAsked: false,
        seq: 4,
        text: 'Sleep.',
      },
    ]);
  });
});

describe('foldParts()', () => {
  test('gives each part the moments in order, with its own slice and nobody else’s', () => {
    const seen = (name: string) =>
      part(name, (moment, slice) => ({ slice: [...((slice as string[]) ?? []), `${name} ${moment.kind}`] }));
    const { state } = fold([say(1), answered('t1')], [seen('one'), seen('two')]);
    expect(state.parts).toEqual({
      one: ['one person_said', 'one coach_answered'],
      two: ['two person_said', 'two coach_answered'],
    });
  });

  test('keeps a slice of a part that is not known, and drops one that is initial again', () => {
    const counts = part('counts', (_, slice) => ({ slice: slice === null ? 1 : null }));
    const from = { ...newConversation, parts: { other: { kept: true } } };
    const once = fold([say(1)], [counts], from).state;
    expect(once.parts).toEqual({ other: { kept: true }, counts: 1 });
    expect(fold([say(2)], [counts], once).state.parts).toEqual({ other: { kept: true } });
  });

  test('stores and shows what parts say, between the message and the answer', () => {
    const greets = (name: string, text: string) =>
      part(name, ({ kind }, slice) =>
        kind === 'person_said' ? { slice, messages: [{ role: 'COACH' as const, text }] } : { slice },
      );
    const { decisions, infers } = fold([say(1)], [greets('one', 'Hi.'), greets('two', 'Ho.')]);
    const [decision] = decisions;
    expect(decision?.messages.map(({ seq, id, text }) => [seq, id, text])).toEqual([
      [1, 'phone-1', 'hello'],
      [2, 'one-2', 'Hi.'],
      [3, 'two-3', 'Ho.'],
    ]);
    expect(
      decision?.effects.map((effect) => (effect.kind === 'push' ? effect.push.to : effect.kind)),
    ).toEqual(['stored', 'all', 'all', 'all', 'infer']);
    expect(infers).toMatchObject([{ turnId: 't1', answeredSeq: 0, uptoSeq: 3 }]);
    expect(decision?.state.core.topSeq).toBe(3);
  });

  test('gives a part the settings of its name, checked, and nothing for settings of another form', () => {
    const told: unknown[] = [];
    const listens = part('listens', (_, slice, { settings }) => {
      told.push(settings);
      return { slice };
    });
    const published = [{ word: 'yes', newer: 1 }, { word: 5 }, 'yes', undefined];
    for (const one of published) {
      const settings = { listens: one, others: { word: 'no' } };
      decide(newConversation, say(1), { ...context, settings }, [listens]);
    }
    expect(told).toEqual([{ word: 'yes' }, undefined, undefined, undefined]);
  });
});

describe('a veto', () => {
  const hush = part('hush', (moment, slice) =>
    moment.kind === 'person_said' && moment.text === 'hush' ? { slice, veto: 'answer' } : { slice },
  );
  const loud = part('loud', (_, slice) => ({ slice }));

  test('of one part keeps the model from answering, whatever the others want', () => {
    for (const parts of [
      [hush, loud],
      [loud, hush],
    ]) {
      const { infers, state } = fold([say(1, 'hush')], parts);
      expect(infers).toEqual([]);
      expect(state.core).toMatchObject({ topSeq: 1, askedSeq: 0, answeredSeq: 1, turn: { at: 'idle' } });
    }
  });

  test('is for that message alone: the next one is answered, and not the vetoed one with it', () => {
    const { infers } = fold([say(1, 'hush'), say(2)], [hush]);
    expect(infers).toMatchObject([{ turnId: 't2', answeredSeq: 1, uptoSeq: 2 }]);
  });

  test('of a message beside a running answer lets that answer end, and begins no other', () => {
    const { infers, state } = fold([say(1), say(2, 'hush'), answered('t1')], [hush]);
    expect(infers).toHaveLength(1);
    expect(state.core).toMatchObject({ askedSeq: 0, answeredSeq: 2, turn: { at: 'idle' } });
    const more = fold([say(1), say(2), say(3, 'hush'), answered('t1')], [hush]);
    expect(more.infers).toMatchObject([
      { turnId: 't1' },
      { turnId: 't2', answeredSeq: 1, askedSeq: 2, uptoSeq: 4 },
    ]);
  });

  test('at the end of an answer keeps the next one from beginning', () => {
    const once = part('once', ({ kind }, slice) =>
      kind === 'coach_answered' ? { slice, veto: 'answer' } : { slice },
    );
    const { infers, state } = fold([say(1), say(2), answered('t1')], [once]);
    expect(infers).toHaveLength(1);
    expect(state.core).toMatchObject({ askedSeq: 0, answeredSeq: 2, turn: { at: 'idle' } });
  });
});

describe('a timer', () => {
  const rings = (name: string) =>
    part(name, (moment, slice) => {
      if (moment.kind === 'timer_fired')
        return { slice: [...((slice as string[]) ?? []), moment.timer ?? 'only'] };
      if (moment.kind !== 'person_said') return { slice };
      const effects = [
        { kind: 'set_timer', dueMs: 5_000 },
        { kind: 'set_timer', timer: 'late', dueMs: 9_000 },
      ] as const;
      return { slice, effects };
    });

  test('carries the name of its part, and only that part is told when it fires', () => {
    const { timers, state } = fold([say(1)], [rings('one'), rings('two')]);
    expect(timers.map((timer) => ('timerId' in timer ? timer.timerId : ''))).toEqual([
      'one',
      'one:late',
      'two',
      'two:late',
    ]);
    const after = fold([fired('two:late', 4), fired('one', 1)], [rings('one'), rings('two')], state);
    expect(after.state.parts).toEqual({ one: ['only'], two: ['late'] });
    expect(after.state.core.timers?.pending).toHaveLength(2);
  });

  test('of a part that this host does not know waits for a host that does', () => {
    const newer = fold([say(1)], [rings('one')]).state;
    const older = fold([fired('one', 1)], [], newer);
    expect(older.state.parts).toEqual({});
    expect(older.timers).toMatchObject([{ kind: 'schedule', timerId: 'one', generation: 3 }]);
    const [{ atMs = 0 } = {}] = older.timers.flatMap((timer) => (timer.kind === 'schedule' ? [timer] : []));
    expect(atMs).toBeGreaterThanOrEqual(context.atMs);
    expect(atMs).toBeLessThan(context.atMs + spreadMs);
    const still = fold([fired('one', 3)], [], older.state);
    expect(fold([fired('one', 4)], [rings('one')], still.state).state.parts).toEqual({ one: ['only'] });
    const late = { ...context, atMs: context.atMs + unknownKeptMs + 1 };
    const { effects, state } = decide(still.state, fired('one', 4), late, []);
    expect(effects).toEqual([]); // No newer host came: the part is gone for good.
    expect(state.core.timers?.pending.map(({ timerId }) => timerId)).toEqual(['one:late']);
  });
});
