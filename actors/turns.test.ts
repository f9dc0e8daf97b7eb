import { write } from '@rapport/history/history.contract.ts';
import type { StoredMessage } from '@rapport/history/history.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import type { Generate } from '@rapport/inference/client.ts';
import type { Piece } from '@rapport/inference/piece.ts';
import type { Answered, TurnFailed, TurnStopped } from '@rapport/proto/envelope.ts';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { type Clock, systemClock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { describe, expect, test } from 'vitest';
import { questionLast, Turns } from './turns.ts';

function message(seq: number, role: 'USER' | 'COACH' | 'SYSTEM', text = `m${seq}`): StoredMessage {
  return { seq, role, text, atMs: seq };
}

function order(page: readonly StoredMessage[], answeredSeq: number, askedSeq = 9): number[] {
  return questionLast(page, { answeredSeq, askedSeq }).map(({ seq }) => seq);
}

test('questionLast() moves what was said during an answer below that answer', () => {
  const page = [message(1, 'USER'), message(2, 'USER'), message(3, 'USER'), message(4, 'COACH')];
  expect(order(page, 1)).toEqual([1, 4, 2, 3]);
});

test('questionLast() leaves in its place what came after the question and needs no answer', () => {
  const page = [message(1, 'USER'), message(2, 'USER'), message(3, 'USER'), message(4, 'COACH')];
  expect(order(page, 1, 2)).toEqual([1, 3, 4, 2]);
});

test('questionLast() leaves a conversation alone that takes turns', () => {
  expect(order([message(1, 'USER'), message(2, 'COACH'), message(3, 'USER')], 1)).toEqual([1, 2, 3]);
});

test('questionLast() asks the failed question when the person tries again, however often', () => {
  const page = [
    message(1, 'USER', 'How do I sleep?'),
    message(2, 'SYSTEM'),
    message(3, 'USER', 'Try again'),
    message(4, 'SYSTEM'),
    message(5, 'USER', 'Try again'),
  ];
  expect(order(page, 0)).toEqual([2, 4, 1]);
  expect(order([message(1, 'USER', 'Try again')], 0)).toEqual([1]);
});

const key = { creatorId: 'demo', userId: 'ann' };
const used: Piece = { kind: 'usage', model: 'm-1', promptTokens: 40, answerTokens: 7 };
const delta = (text: string): Piece => ({ kind: 'delta', text });

/** Turns over a model that is told what to write, piece by piece, on a clock that moves when it is told. */
function turnsOf(script: (signal: AbortSignal, pass: (ms: number) => void) => AsyncIterable<Piece>) {
  let nowMs = 1_000;
  let tick = () => {};
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    every: (_, act) => {
      tick = act;
      return () => {};
    },
  };
  const asked: Generate[] = [];
  const inference = {
    generate: (request: Generate, signal: AbortSignal) => {
      asked.push(request);
      return script(signal, (ms) => {
        nowMs += ms;
        tick();
      });
    },
    close: async () => {},
  };
  const history = openMemoryHistory();
  const log = createLog({ name: 'turns', level: 'silent' });
  const signal = new AbortController().signal;
  const turns = new Turns({ inference, history, clock, log, signal });
  const ends: (Answered | TurnFailed | TurnStopped)[] = [];
  const frames: DownJson[] = [];
  const start = (attempt = 1) =>
    turns.start({
      key,
      turnId: 't1',
      attempt,
      configVersion: 7,
      answeredSeq: 0,
      askedSeq: 1,
      uptoSeq: 1,
      show: (frame) => frames.push(frame),
      end: async (event) => void ends.push(event),
    });
  return { turns, start, ends, frames, asked, history };
}

/** Never ends by itself. */
function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('Turns', () => {
  test('say with every end which attempt it was and what it took', async () => {
    const whole = turnsOf(async function* (_, pass) {
      pass(120);
      yield delta('Sleep well.');
      pass(30);
      yield used;
    });
    whole.start(2);
    await expect.poll(() => whole.ends).toHaveLength(1);
    const tokens = { model: 'm-1', promptTokens: 40, answerTokens: 7 };
    expect(whole.ends[0]).toMatchObject({
      kind: 'answered',
      attempt: 2,
      usage: { attempt: 2, ...tokens, firstTextMs: 120, wholeMs: 150 },
    });

    const failing = turnsOf(async function* (_, pass) {
      pass(50);
      yield used;
      throw new Fault('model_busy', 'Cannot wait');
    });
    failing.start();
    await expect.poll(() => failing.ends).toHaveLength(1);
    expect(failing.ends[0]).toEqual({
      kind: 'turn_failed',
      turnId: 't1',
      attempt: 1,
      code: 'model_busy',
      usage: { attempt: 1, ...tokens, wholeMs: 50 },
    });

    const stopped = turnsOf(async function* (signal, pass) {
      pass(10);
      yield delta('Sle');
      await forever(signal);
    });
    stopped.start();
    await expect.poll(() => stopped.frames).toHaveLength(1);
    stopped.turns.stop('demo/ann', 't1');
    await expect.poll(() => stopped.ends).toHaveLength(1);
    expect(stopped.ends[0]).toMatchObject({
      kind: 'turn_stopped',
      attempt: 1,
      text: 'Sle',
      usage: { attempt: 1, firstTextMs: 10, wholeMs: 10 },
    });
  });

  test('show no half of a surrogate pair, and keep none at the end', async () => {
    const [high = '', low = ''] = '😀'.split('');
    const { start, ends, frames, turns } = turnsOf(async function* (_, pass) {
      for (const text of ['a', high, `${low}b`, high, low, high]) {
        yield delta(text);
        pass(30);
        expect(turns.current('demo/ann')?.text.isWellFormed()).toBe(true);
      }
    });
    start();
    await expect.poll(() => ends).toHaveLength(1);
    const deltas = frames.map(({ delta: one }) => one?.text ?? '');
    expect(deltas.filter((text) => !text.isWellFormed())).toEqual([]);
    expect(deltas.join('')).toBe('a😀b😀');
    expect(frames.map(({ delta: one }) => one?.offset)).toEqual([0, 1, 4]);
    expect(ends[0]).toMatchObject({ kind: 'answered', text: 'a😀b😀' });
  });

  test('give up an answer whose turn has ended otherwise: the model is told, not the log', async () => {
    let told = false;
    const { turns, start, ends, frames } = turnsOf(async function* (signal) {
      yield delta('Sle');
      await forever(signal).finally(() => {
        told = true;
      });
    });
    const running = { at: 'running' as const, turnId: 't1', askedSeq: 1, uptoSeq: 1, configVersion: 1 };
    start(2);
    await expect.poll(() => frames).toHaveLength(1);
    turns.keepOnly('demo/ann', { ...running, attempt: 2 });
    expect(turns.size).toBe(1);
    turns.keepOnly('demo/ann', { at: 'idle' });
    expect(turns.size).toBe(0);
    await expect.poll(() => told).toBe(true);
    start(2);
    turns.keepOnly('demo/ann', { ...running, attempt: 3 });
    expect(turns.size).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ends).toEqual([]);
  });

  test('give the model messages as people see them', async () => {
    const { start, asked, history } = turnsOf(async function* () {
      yield delta('Well.');
    });
    const message = { seq: 1, role: 'USER' as const, text: 'How?', atMs: 1 };
    const json = JSON.stringify({ ...message, usage: { attempt: 1, wholeMs: 5 } });
    await history.commit([{ ...write('demo', 'ann', 1, 1), messages: [{ seq: 1, json }] }]);
    start();
    await expect.poll(() => asked).toHaveLength(1);
    expect(asked[0]?.messages).toEqual([message]);
    expect(asked[0]?.configVersion).toBe(7);
  });
});
