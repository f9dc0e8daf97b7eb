import fc from 'fast-check';
import { expect as claim, describe, test } from 'vitest';
import { type Frame, frameOf, type Message } from './frame.ts';
import {
  applyFrame,
  disconnected,
  emptyTimeline,
  expect,
  hasHole,
  messagesMax,
  type Timeline,
  topSeq,
} from './timeline.ts';

const message = (seq: number, role: Message['role'] = 'COACH', turnId = ''): Frame & { kind: 'message' } => {
  const frame = frameOf({ message: { seq, id: `id-${seq}`, role, text: `text ${seq}`, turnId } });
  if (frame?.kind !== 'message') throw new Error('no message');
  return frame;
};
const welcome = (top: number, userId = 'u'): Frame => {
  const frame = frameOf({ welcome: { userId, topSeq: top } });
  if (!frame) throw new Error('no welcome');
  return frame;
};
/** A page holds plain messages; `kind` is of the frame that brings a live one. */
const history = (messages: readonly (Message & { kind?: 'message' })[], paged = false): Frame => ({
  kind: 'history',
  messages: messages.map(({ kind: _, ...message }) => message),
  more: false,
  paged,
});
const delta = (turnId: string, offset: number, text: string): Frame => ({
  kind: 'delta',
  turnId,
  offset,
  text,
});
const turn = (turnId: string, state: 'STARTED' | 'COMPLETED' | 'STOPPED' | 'FAILED'): Frame => ({
  kind: 'turn',
  turnId,
  state,
  code: '',
});
const fold = (frames: readonly Frame[], from: Timeline = emptyTimeline()) => frames.reduce(applyFrame, from);
const seqs = ({ messages }: Timeline) => messages.map(({ seq }) => seq);

/** A conversation as its owner pushes it: each message, and before an answer its turn with deltas. */
function live(turns: readonly { readonly words: readonly string[]; readonly fails: boolean }[]): Frame[] {
  let seq = 0;
  return turns.flatMap(({ words, fails }) => {
    const turnId = `turn-${seq}`;
    const asked = message(++seq, 'USER');
    let offset = 0;
    const deltas = words.map((word) => {
      const frame = delta(turnId, offset, word);
      offset += word.length;
      return frame;
    });
    const end = fails ? turn(turnId, 'FAILED') : turn(turnId, 'COMPLETED');
    return [
      asked,
      turn(turnId, 'STARTED'),
      ...deltas,
      end,
      message(++seq, fails ? 'SYSTEM' : 'COACH', turnId),
    ];
  });
}

/**
 * Folds the frames that reach a client which is cut off at random places: repetitions, and after each cut
 * what a hello brings.
 */
function heard(frames: readonly Frame[], cuts: readonly number[], repeats: readonly boolean[]): Timeline {
  let timeline = fold([welcome(0)]);
  const stored: Message[] = [];
  let text = new Map<string, string>();
  for (const [at, frame] of frames.entries()) {
    if (frame.kind === 'message') stored.push(frame);
    if (frame.kind === 'delta') text.set(frame.turnId, (text.get(frame.turnId) ?? '') + frame.text);
    if (frame.kind === 'turn' && frame.state !== 'STARTED') text = new Map();
    const cut = cuts.includes(at);
    if (!cut) timeline = fold(repeats[at] ? [frame, frame] : [frame], timeline);
    if (!cut || cuts.includes(at + 1)) continue; // Still away: the next frames are missed as well.
    const missed = stored.filter(({ seq }) => seq > topSeq(timeline));
    timeline = fold([welcome(stored.length), history(missed)], timeline);
    for (const [turnId, written] of text)
      timeline = fold([{ kind: 'snapshot', turnId, text: written }], timeline);
  }
  return fold(
    [welcome(stored.length), history(stored.filter(({ seq }) => seq > topSeq(timeline)))],
    timeline,
  );
}

describe('timeline', () => {
  test('comes out the same whatever is repeated, lost with a connection or sent again after it', () => {
    const turns = fc.array(
      fc.record({
        words: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 5 }),
        fails: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const script = fc.tuple(
      turns,
      fc.array(fc.nat(60)),
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
    );
    fc.assert(
      fc.property(script, ([all, cuts, repeats]) => {
        const frames = live(all);
        const whole = fold([welcome(0), ...frames]);
        const timeline = heard(frames, cuts, repeats);
        claim(timeline.messages).toEqual(whole.messages);
        claim(timeline.answer).toBeUndefined();
        claim(whole.answer).toBeUndefined();
        claim(hasHole(timeline)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('any order of messages ends dense, and a hole is known until it is filled', () => {
    const all = [1, 2, 3, 4, 5, 6].map((seq) => message(seq));
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 6 }), (shuffled) => {
        claim(seqs(fold([welcome(0), ...shuffled, ...shuffled]))).toEqual([1, 2, 3, 4, 5, 6]);
      }),
    );
    const holed = fold([welcome(0), message(1), message(3)]);
    claim([seqs(holed), hasHole(holed), topSeq(holed)]).toEqual([[1], true, 1]);
    const healed = fold([history([message(2), message(3)], true)], holed);
    claim([seqs(healed), hasHole(healed)]).toEqual([[1, 2, 3], false]);
  });

  test('the tail begins where the server began, and older pages go before it', () => {
    const tail = fold([welcome(9), history([message(8), message(9)])]);
    claim([tail.base, seqs(tail)]).toEqual([7, [8, 9]]);
    const paged = fold(
      [
        history(
          [5, 6, 7].map((seq) => message(seq)),
          true,
        ),
      ],
      tail,
    );
    claim([paged.base, seqs(paged)]).toEqual([4, [5, 6, 7, 8, 9]]);
    claim(seqs(fold([history([message(1), message(2)], true)], paged))).toEqual([5, 6, 7, 8, 9]);
  });

  test('deltas join exactly: a covered one changes nothing, one beyond the text waits for a snapshot', () => {
    const text = (frames: readonly Frame[]) =>
      fold([welcome(0), turn('t', 'STARTED'), ...frames]).answer?.text;
    claim(text([delta('t', 0, 'ab'), delta('t', 0, 'ab'), delta('t', 2, 'c')])).toBe('abc');
    claim(text([delta('t', 0, 'ab'), delta('t', 1, 'bc')])).toBe('abc');
    claim(text([delta('t', 0, 'ab'), delta('t', 5, 'x')])).toBe('ab');
    claim(
      text([delta('t', 5, 'x'), { kind: 'snapshot', turnId: 't', text: 'abcdex' }, delta('t', 6, '!')]),
    ).toBe('abcdex!');
  });

  test('an answer never ends in half a character, however it is cut into deltas', () => {
    const emoji = '👩‍🚀';
    const cut = (at: number) => [delta('t', 0, emoji.slice(0, at)), delta('t', at, emoji.slice(at))];
    for (let at = 1; at < emoji.length; at += 1) {
      const [first, second] = cut(at);
      if (!first || !second) throw new Error('two deltas');
      const half = fold([welcome(0), turn('t', 'STARTED'), first]);
      claim(half.answer?.text.isWellFormed()).toBe(true);
      claim(fold([second], half).answer).toMatchObject({ text: emoji, half: '' });
    }
  });

  test('what is said while an answer is cut off stands below that answer', () => {
    const said = { clientSeq: 1, id: 'id-1', text: 'text 1', choiceId: '', atMs: 0 };
    const running = fold([welcome(0), turn('t', 'STARTED'), delta('t', 0, 'abc')]);
    claim(expect(running, said).pending).toMatchObject([{ afterTurnId: '' }]);
    const cut = disconnected(running);
    claim(cut.answer).toMatchObject({ text: 'abc', at: 'cut' });
    claim(expect(cut, said).pending).toMatchObject([{ afterTurnId: 't' }]);
  });

  test('an answer ends with its message, and a late delta does not bring it back', () => {
    const ended = fold([welcome(0), turn('t', 'STARTED'), delta('t', 0, 'abc'), message(1, 'COACH', 't')]);
    claim(ended.answer).toBeUndefined();
    claim(fold([delta('t', 3, 'd'), turn('t', 'COMPLETED')], ended).answer).toBeUndefined();
    // It ended without a message while the connection was away: a welcome without a snapshot is the end.
    claim(fold([welcome(0), delta('t', 0, 'abc'), welcome(0)]).answer).toBeUndefined();
    const stopped = fold([welcome(0), delta('t', 0, 'abc'), turn('t', 'STOPPED'), delta('t', 3, 'd')]);
    claim(stopped.answer).toEqual({ turnId: 't', text: 'abc', half: '', at: 'over' });
    claim(stopped.stopped).toEqual(['t']);
  });

  test('an answer that is started again begins anew, and a snapshot goes on where it was', () => {
    const written = fold([welcome(0), turn('t', 'STARTED'), delta('t', 0, 'the first attempt')]);
    const again = fold([turn('t', 'STARTED'), delta('t', 0, 'the second')], written);
    claim(again.answer).toMatchObject({ turnId: 't', text: 'the second' });
    const attached = fold([turn('t', 'STARTED'), { kind: 'snapshot', turnId: 't', text: 'the' }], written);
    claim(attached.answer?.text).toBe('the');
  });

  test('a say is pending until its message is here, and failed only when that is final', () => {
    const said = { clientSeq: 1, id: 'id-1', text: 'text 1', choiceId: '', atMs: 0 };
    const pending = expect(expect(fold([welcome(0)]), said), said);
    const receipt = (state: 'ACCEPTED' | 'STORED' | 'REJECTED', code = ''): Frame => {
      return { kind: 'receipt', clientSeq: 1, id: 'id-1', state, seq: 1, code, reason: '', retryAfterMs: 0 };
    };
    const states = (...frames: readonly Frame[]) => fold(frames, pending).pending.map(({ state }) => state);
    claim(states()).toEqual(['waiting']);
    claim(states(receipt('REJECTED', 'busy'))).toEqual(['waiting']);
    claim(states(receipt('REJECTED', 'text_too_long'))).toEqual(['failed']);
    claim(states(receipt('STORED'))).toEqual(['stored']);
    claim(states(receipt('STORED'), message(1, 'USER'))).toEqual([]);
  });

  test('a stored say does not wait for its message when a new tail may begin above it', () => {
    const said = { clientSeq: 1, id: 'id-1', text: 'text 1', choiceId: '', atMs: 0 };
    const stored: Frame = {
      ...{ kind: 'receipt', clientSeq: 1, id: 'id-1', state: 'STORED', seq: 7 },
      ...{ code: '', reason: '', retryAfterMs: 0 },
    };
    const states = (...frames: readonly Frame[]) => {
      return fold([stored, ...frames], expect(fold([welcome(5)]), said)).pending.map(({ state }) => state);
    };
    claim(states()).toEqual(['stored']);
    claim(states(welcome(9), history([message(8), message(9)]))).toEqual([]);
    claim(states(history([message(5)]), welcome(9))).toEqual(['stored']);
  });

  test('another person, or a conversation shorter than what is here, begins anew', () => {
    const long = fold([welcome(0), message(1), message(2)]);
    claim(seqs(fold([welcome(1), history([message(1)])], long))).toEqual([1]);
    claim(seqs(fold([welcome(5, 'another')], long))).toEqual([]);
  });

  test('memory is bounded: the oldest messages are let go and can be paged in again', () => {
    const all = Array.from({ length: messagesMax + 1 }, (_, at) => message(at + 1));
    const timeline = fold([welcome(0), history(all)]);
    claim(timeline.messages.length).toBeLessThan(messagesMax);
    claim(timeline.messages[0]?.seq).toBe((timeline.base ?? 0) + 1);
    claim(topSeq(timeline)).toBe(messagesMax + 1);
  });
});
