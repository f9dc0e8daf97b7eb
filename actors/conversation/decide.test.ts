import type { Event, Said } from '@rapport/proto/envelope.ts';
import { limits } from '@rapport/proto/limits.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from './decide.ts';
import type { Context, Decision, NewMessage } from './decision.ts';
import { clientSeqStored } from './devices.ts';
import { type Conversation, newConversation } from './state.ts';

const context: Context = { userId: 'ann', atMs: 1_000, answering: 'coach', configVersion: 1, settings: {} };
const people: Context = { ...context, answering: 'people' };

function say(clientSeq: number, deviceId = 'phone'): Said {
  return { kind: 'said', deviceId, clientSeq, id: `${deviceId}-${clientSeq}`, text: 'hello', channel: 'web' };
}

/** Folds events and keeps everything that came out on the way. */
function fold(events: readonly Event[], using: Context = context, from: Conversation = newConversation) {
  let state = from;
  const messages: NewMessage[] = [];
  const decisions: Decision[] = [];
  for (const event of events) {
    const decision = decide(state, event, using);
    state = decision.state;
    messages.push(...decision.messages);
    decisions.push(decision);
  }
  return { state, messages, decisions, last: decisions.at(-1) };
}

function receipts(decision: Decision | undefined) {
  return (decision?.effects ?? []).flatMap((effect): unknown[] => {
    if (effect.kind !== 'push') return [];
    const { push } = effect;
    if (push.to === 'device') return [push.frame.receipt];
    if (push.to !== 'stored') return [];
    const { clientSeq, id, seq } = push;
    return [{ clientSeq, id, state: 'STORED', seq }];
  });
}

function infers(decision: Decision | undefined) {
  return (decision?.effects ?? []).filter((effect) => effect.kind === 'infer');
}

describe('decide() on what a person says', () => {
  test('gives the next seq, a receipt for the device and the message for everyone', () => {
    const { state, messages, last } = fold([say(1), say(2)], people);
    expect(messages.map(({ seq, id }) => [seq, id])).toEqual([
      [1, 'phone-1'],
      [2, 'phone-2'],
    ]);
    expect(receipts(last)).toEqual([{ clientSeq: 2, id: 'phone-2', state: 'STORED', seq: 2 }]);
    expect(state.core.topSeq).toBe(2);
  });

  test('answers a redelivered message with the seq it got, and changes nothing', () => {
    const before = fold([say(1), say(1, 'laptop'), say(2)], people).state;
    const { last, messages } = fold([say(1)], people, before);
    expect(receipts(last)).toEqual([{ clientSeq: 1, id: 'phone-1', state: 'STORED', seq: 1 }]);
    expect(last?.state).toBe(before);
    expect(messages).toEqual([]);
  });

  test('refuses a message after a missing one with code gap, and takes it once the gap is filled', () => {
    const { decisions, messages } = fold([say(1), say(3), say(2), say(3)], people);
    expect(receipts(decisions[1])).toMatchObject([{ clientSeq: 3, state: 'REJECTED', code: 'gap' }]);
    expect(messages.map(({ id }) => id)).toEqual(['phone-1', 'phone-2', 'phone-3']);
  });

  test('refuses the second message of a device it does not know', () => {
    expect(receipts(fold([say(2)], people).last)).toMatchObject([{ state: 'REJECTED', code: 'gap' }]);
  });

  test('forgets the device unheard for longest beyond devicesMax', () => {
    const devices = Array.from({ length: limits.devicesMax }, (_, at) => `device-${at}`);
    const full = fold(
      devices.map((device) => say(1, device)),
      people,
    ).state;
    const { state } = fold([say(2, 'device-0'), say(1, 'new')], people, full);
    expect(state.core.devices).toHaveLength(limits.devicesMax);
    expect(clientSeqStored(state.core, 'device-1')).toBe(0);
    expect(clientSeqStored(state.core, 'device-0')).toBe(2);
    expect(clientSeqStored(state.core, 'new')).toBe(1);
  });

  test('keeps the state within its target size with every device at work', () => {
    const uuids = Array.from(
      { length: limits.devicesMax },
      (_, at) => `0193c0de-0000-7000-8000-${String(at).padStart(12, '0')}`,
    );
    const events = uuids.flatMap((device) => Array.from({ length: 20 }, (_, at) => say(at + 1, device)));
    const size = JSON.stringify(fold(events, people).state).length;
    // Thirty-two busy devices are the worst case; a person with two stays under a tenth of it.
    expect(size).toBeLessThan(limits.stateBytesTarget * 2);
  });
});

describe('decide() on a turn', () => {
  test('begins one answer for what was asked, and no second one beside it', () => {
    const { decisions, state } = fold([say(1), say(2)]);
    expect(infers(decisions[0])).toEqual([
      { kind: 'infer', turnId: 't1', attempt: 1, answeredSeq: 0, askedSeq: 1, uptoSeq: 1 },
    ]);
    expect(infers(decisions[1])).toEqual([]);
    expect(state.core.turn).toMatchObject({ at: 'running', turnId: 't1' });
  });

  test('asks no model when people answer', () => {
    expect(infers(fold([say(1)], people).last)).toEqual([]);
  });

  test('stores the answer once and then answers what was said meanwhile', () => {
    const answered: Event = { kind: 'answered', turnId: 't1', text: 'Sleep well.', sources: [] };
    const { messages, last, state } = fold([say(1), say(2), answered]);
    expect(messages.map(({ seq, role }) => [seq, role])).toEqual([
      [1, 'USER'],
      [2, 'USER'],
      [3, 'COACH'],
    ]);
    expect(infers(last)).toEqual([
      { kind: 'infer', turnId: 't2', attempt: 1, answeredSeq: 1, askedSeq: 2, uptoSeq: 3 },
    ]);
    expect(fold([answered], context, state).messages).toEqual([]);
  });

  test('shows a failure with a choice to try again, and trying again begins a new turn', () => {
    const { messages, state } = fold([say(1), { kind: 'turn_failed', turnId: 't1', code: 'model_timeout' }]);
    expect(messages.at(-1)).toMatchObject({
      role: 'SYSTEM',
      code: 'model_timeout',
      choices: [{ id: 'retry:t1' }],
    });
    expect(state.core.turn.at).toBe('idle');
    expect(infers(fold([{ ...say(2), choiceId: 'retry:t1' }], context, state).last)).toMatchObject([
      { turnId: 't3', answeredSeq: 0 },
    ]);
  });

  test('keeps what a stopped answer had, and nothing when it had nothing', () => {
    const stop = (text: string): Event => ({ kind: 'turn_stopped', turnId: 't1', text, sources: [] });
    expect(fold([say(1), stop('Half of')]).messages.at(-1)).toMatchObject({ role: 'COACH', text: 'Half of' });
    expect(fold([say(1), stop('')]).messages).toHaveLength(1);
  });

  test('begins a lost turn again with the next attempt, and gives up after turnAttemptsMax', () => {
    const lost = (attempt: number): Event => ({ kind: 'turn_lost', turnId: 't1', attempt });
    const { decisions, state } = fold([say(1), lost(1), lost(1), lost(2), lost(3)]);
    expect(infers(decisions[1])).toMatchObject([{ turnId: 't1', attempt: 2 }]);
    expect(infers(decisions[2])).toEqual([]);
    expect(infers(decisions[3])).toMatchObject([{ attempt: 3 }]);
    expect(decisions[4]?.messages).toMatchObject([{ role: 'SYSTEM', code: 'model_failed' }]);
    expect(state.core.turn.at).toBe('idle');
  });

  test('ends a running attempt by its own failure or stop, and not by those of an earlier one', () => {
    const lost: Event = { kind: 'turn_lost', turnId: 't1', attempt: 1 };
    const { state } = fold([say(1), lost]);
    const failed = (attempt: number): Event => ({
      kind: 'turn_failed',
      turnId: 't1',
      attempt,
      code: 'model_busy',
    });
    const stopped: Event = { kind: 'turn_stopped', turnId: 't1', attempt: 1, text: 'Half', sources: [] };
    const { last, state: still } = fold([failed(1), stopped], context, state);
    expect(last).toMatchObject({ messages: [], effects: [], moments: [] });
    expect(still).toBe(state);
    expect(fold([failed(2)], context, state).messages).toMatchObject([{ code: 'model_busy' }]);
    const { attempt: _, ...before } = { ...stopped, attempt: 0 }; // As logs of before have it.
    expect(fold([before], context, state).messages).toMatchObject([{ role: 'COACH', text: 'Half' }]);
  });

  test('takes a whole answer of whichever attempt, and then no other', () => {
    const answered = (attempt: number): Event => ({
      kind: 'answered',
      turnId: 't1',
      attempt,
      text: `${attempt}`,
      sources: [],
    });
    const { messages, decisions } = fold([
      say(1),
      { kind: 'turn_lost', turnId: 't1', attempt: 1 },
      answered(1),
      answered(2),
    ]);
    expect(messages.map(({ text }) => text)).toEqual(['hello', '1']);
    expect(decisions[2]?.moments).toMatchObject([{ kind: 'coach_answered', attempt: 1 }]);
  });

  test('stores what an answer took with its message, tells the parts, and shows people nothing of it', () => {
    const usage = {
      attempt: 1,
      model: 'm-1',
      promptTokens: 40,
      answerTokens: 7,
      firstTextMs: 90,
      wholeMs: 400,
    };
    const ends: readonly Event[] = [
      { kind: 'answered', turnId: 't1', attempt: 1, text: 'Sleep.', sources: [], usage },
      { kind: 'turn_stopped', turnId: 't1', attempt: 1, text: 'Sle', sources: [], usage },
      { kind: 'turn_failed', turnId: 't1', attempt: 1, code: 'model_busy', usage },
    ];
    for (const end of ends) {
      const { messages, last } = fold([say(1), end]);
      expect(messages.at(-1)).toMatchObject({ seq: 2, usage });
      expect(last?.moments).toMatchObject([{ usage }]);
      expect(JSON.stringify(last?.effects)).not.toContain('usage');
    }
    const silent: Event = { kind: 'turn_stopped', turnId: 't1', attempt: 1, text: '', sources: [], usage };
    expect(fold([say(1), silent]).last).toMatchObject({ messages: [], moments: [{ usage }] });
  });

  test('ignores the end of a turn that is not running', () => {
    const { last, state } = fold([{ kind: 'answered', turnId: 't9', text: 'late', sources: [] }]);
    expect(last?.effects).toEqual([]);
    expect(state).toBe(newConversation);
  });
});

describe('decide() on read', () => {
  test('moves forward only, and never past what there is', () => {
    const { state, decisions } = fold([say(1), { kind: 'read', seq: 9 }, { kind: 'read', seq: 0 }], people);
    expect(state.core.readSeq).toBe(1);
    expect(decisions[1]?.effects).toEqual([
      { kind: 'push', push: { to: 'all', frame: { read: { seq: 1 } } } },
    ]);
    expect(decisions[2]?.effects).toEqual([]);
  });
});

describe('decide() in any order of delivery', () => {
  const device = fc.constantFrom('phone', 'laptop', 'tablet');
  const event: fc.Arbitrary<Event> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 8 }), device).map(([seq, id]) => say(seq, id)),
    },
    fc
      .integer({ min: 1, max: 12 })
      .map((n): Event => ({ kind: 'answered', turnId: `t${n}`, text: 'a', sources: [] })),
    fc
      .integer({ min: 1, max: 12 })
      .map((n): Event => ({ kind: 'turn_failed', turnId: `t${n}`, code: 'model_failed' })),
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }))
      .map(([n, attempt]): Event => ({ kind: 'turn_lost', turnId: `t${n}`, attempt })),
    fc.integer({ min: 0, max: 20 }).map((seq): Event => ({ kind: 'read', seq })),
  );

  test('stores each device in its own order, once, with a dense seq, and always the same', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { messages, state } = fold(events);
        expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, at) => at + 1));
        expect(state.core.topSeq).toBe(messages.length);
        for (const id of ['phone', 'laptop', 'tablet']) {
          const own = messages.filter((message) => message.id?.startsWith(id)).map((message) => message.id);
          expect(own).toEqual(own.map((_, at) => `${id}-${at + 1}`));
        }
        expect(fold(events)).toEqual({ ...fold(events) });
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });
});
