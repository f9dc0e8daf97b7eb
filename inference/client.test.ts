import { codes } from '@rapport/proto/codes.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InferenceLimits } from './client.ts';
import { createExtractiveModel } from './extractive/model-extractive.ts';
import type { Model } from './models/model.ts';
import { ask, clientOf, collect, libraryOf, said, startServer } from './testing/fixture.ts';

const extractive = createExtractiveModel({ clock: systemClock, deltaMs: 0 });
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serverAndClient(model: Model, limits: Partial<InferenceLimits> = {}) {
  const server = await startServer(model);
  cleanups.push(() => server.stop(0));
  const client = clientOf(server.address, limits);
  cleanups.push(() => client.close());
  return { server, client };
}

const never = new AbortController().signal;

/** A model that says one word and then waits until it is cancelled; `heard` is when and why. */
function endlessModel() {
  const began = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const model: Model = {
    name: 'endless',
    async *answer(_question, signal) {
      signal.addEventListener('abort', () => cancelled.resolve());
      began.resolve();
      yield { kind: 'delta', text: 'Well' };
      await systemClock.sleep(60_000, signal);
    },
  };
  return { model, began: began.promise, cancelled: cancelled.promise };
}

const code = (wanted: keyof typeof codes) =>
  expect.objectContaining({ name: 'Fault', code: wanted, retry: codes[wanted].retry });

describe('createInferenceClient()', () => {
  it('streams an answer as deltas, then its citation, usage and done', async () => {
    const { client } = await serverAndClient(extractive);
    const answer = await collect(client.generate(ask('How long should a nap be?'), never));
    expect(answer.text).toContain('The best nap lasts twenty minutes.');
    expect(answer.kinds.filter((kind) => kind === 'delta').length).toBeGreaterThan(5);
    expect(answer.kinds.slice(-3)).toEqual(['citation', 'usage', 'done']);
    expect(answer.sources[0]).toMatchObject({
      documentId: 'naps',
      title: 'How to nap well',
      url: '/learn/naps',
    });
    expect(answer.done).toBe('ANSWERED');
  });

  it('sends the model and the time with the first text, and all that is known before done', async () => {
    const counting: Model = {
      name: 'counting',
      async *answer() {
        await systemClock.sleep(60);
        yield { kind: 'delta', text: 'Well' };
        await systemClock.sleep(60);
        yield { kind: 'usage', promptTokens: 12, answerTokens: 3, model: 'counting-2' };
        yield { kind: 'done', reason: 'LENGTH' };
      },
    };
    const { client } = await serverAndClient(counting);
    const { usages, kinds } = await collect(client.generate(ask('Hi'), never));
    expect(kinds).toEqual(['delta', 'usage', 'usage', 'done']);
    const [first, last] = usages;
    expect(first).toMatchObject({ model: 'counting', promptTokens: 0, answerTokens: 0 });
    expect(last).toMatchObject({ model: 'counting-2', promptTokens: 12, answerTokens: 3 });
    expect(first?.firstTokenMs).toBeGreaterThanOrEqual(58);
    expect(last?.firstTokenMs).toBe(first?.firstTokenMs);
    expect(last?.totalMs).toBeGreaterThanOrEqual((last?.firstTokenMs ?? 0) + 55);
  });

  it('sends a usage even when the model counts nothing', async () => {
    const silent: Model = {
      name: 'silent',
      async *answer() {
        yield { kind: 'done', reason: 'ANSWERED' };
      },
    };
    const { client } = await serverAndClient(silent);
    const { usages } = await collect(client.generate(ask('Hi'), never));
    expect(usages).toMatchObject([{ model: 'silent', promptTokens: 0, firstTokenMs: 0 }]);
  });

  it('fails with model_failed for a piece larger than gRPC takes, not with model_busy', async () => {
    const large: Model = {
      name: 'large',
      async *answer() {
        yield { kind: 'delta', text: 'x'.repeat(5 * 1024 * 1024) };
        yield { kind: 'done', reason: 'ANSWERED' };
      },
    };
    const { client } = await serverAndClient(large);
    await expect(collect(client.generate(ask('Hi'), never))).rejects.toEqual(code('model_failed'));
  });

  it('waits for the index of its creator, then fails with model_busy', async () => {
    const unread = libraryOf({ waitMs: 100 }); // It has not even heard which documents there are.
    const server = await startServer(extractive, { library: unread });
    cleanups.push(() => server.stop(0));
    const client = clientOf(server.address);
    cleanups.push(() => client.close());
    const beganMs = systemClock.monotonicMs();
    await expect(collect(client.generate(ask('Hi'), never))).rejects.toEqual(code('model_busy'));
    expect(systemClock.monotonicMs() - beganMs).toBeGreaterThanOrEqual(98);
    await unread.follow(server.catalog);
    await unread.settled();
    expect((await collect(client.generate(ask('Hi'), never))).done).toBe('ANSWERED');
    await unread.close();
  });

  it('yields the first delta long before the answer is whole', async () => {
    const { model } = endlessModel();
    const { client } = await serverAndClient(model);
    for await (const piece of client.generate(ask('Hi'), never)) {
      expect(piece).toEqual({ kind: 'delta', text: 'Well' });
      break;
    }
  });

  it("cancels the model when the caller aborts, and throws the signal's reason", async () => {
    const { model, began, cancelled } = endlessModel();
    const { client, server } = await serverAndClient(model);
    const stop = new AbortController();
    const answer = collect(client.generate(ask('Hi'), stop.signal));
    await began;
    stop.abort(new Error('the person said stop'));
    await expect(answer).rejects.toThrow('the person said stop');
    await cancelled;
    await expect.poll(() => server.admission.running).toBe(0);
  });

  it('cancels the model when the caller leaves the loop', async () => {
    const { model, cancelled } = endlessModel();
    const { client } = await serverAndClient(model);
    for await (const _piece of client.generate(ask('Hi'), never)) break;
    await cancelled;
  });

  it('gives up at the deadline with model_timeout, and the model is cancelled', async () => {
    const { model, cancelled } = endlessModel();
    const { client } = await serverAndClient(model, { turnDeadlineMs: 100 });
    await expect(collect(client.generate(ask('Hi'), never))).rejects.toEqual(code('model_timeout'));
    await cancelled;
  });

  it('counts the wait for a slot into the deadline', async () => {
    const { model, began } = endlessModel();
    const { client } = await serverAndClient(model, { turnDeadlineMs: 1_000, slotsMax: 1 });
    const first = collect(client.generate(ask('Hi'), never)).catch((thrown) => thrown);
    await began;
    const second = collect(client.generate(ask('Hi', { userId: 'u2' }), never));
    const beganMs = systemClock.monotonicMs();
    await expect(second).rejects.toEqual(code('model_timeout'));
    // With a deadline of its own it would take two seconds.
    expect(systemClock.monotonicMs() - beganMs).toBeLessThan(1_800);
    expect(await first).toEqual(code('model_timeout'));
  });

  it('refuses with model_busy when too many wait', async () => {
    const { model, began } = endlessModel();
    const { client } = await serverAndClient(model, { turnDeadlineMs: 300, slotsMax: 1, waitingMax: 0 });
    const first = collect(client.generate(ask('Hi'), never)).catch(() => {});
    await began;
    const second = collect(client.generate(ask('Hi', { userId: 'u2' }), never));
    await expect(second).rejects.toEqual(code('model_busy'));
    await first;
  });

  it.each([
    ['model_busy', 'model_busy'],
    ['model_unavailable', 'model_unavailable'],
    ['model_timeout', 'model_timeout'],
    ['model_failed', 'model_failed'],
  ] as const)('passes on %s from the service', async (thrown, wanted) => {
    const failing: Model = {
      name: 'failing',
      // biome-ignore lint/correctness/useYield: it fails before it says anything.
      async *answer() {
        throw new Fault(thrown, 'Cannot answer');
      },
    };
    const { client } = await serverAndClient(failing);
    await expect(collect(client.generate(ask('Hi'), never))).rejects.toEqual(code(wanted));
  });

  it('fails with model_failed when an answer ends without done', async () => {
    const cut: Model = {
      name: 'cut',
      async *answer() {
        yield { kind: 'delta', text: 'Well' };
      },
    };
    const { client } = await serverAndClient(cut);
    await expect(collect(client.generate(ask('Hi'), never))).rejects.toEqual(code('model_failed'));
  });

  it.each([
    ['an empty conversation', { messages: [] }],
    ["a last message that is the coach's", { messages: [said('Hi', 'COACH')] }],
    ['a creator that there is not', { creatorId: 'nobody' }],
    ['an id of another form', { userId: 'Not An Id' }],
    ['a turn without id', { turnId: '' }],
  ])('fails with a sentence for %s', async (_what, wrong) => {
    const { client } = await serverAndClient(extractive);
    const failure = await collect(client.generate(ask('Hi', wrong), never)).catch((thrown) => thrown);
    expect(failure).toEqual(code('model_failed'));
    expect(failure.cause.details).toMatch(/^Cannot answer/);
    expect(failure.cause.code).toBe(3);
  });

  it('opens its breaker while the service is down and closes it when it is up again', async () => {
    const first = await startServer(extractive);
    const client = clientOf(first.address, { failuresMax: 3, openMs: 200 });
    cleanups.push(() => client.close());
    await collect(client.generate(ask('Hi'), never));
    await first.stop(0);

    for (let call = 0; call < 3; call += 1) {
      const failed = collect(client.generate(ask('Hi', { turnId: `t${call}` }), never));
      await expect(failed).rejects.toEqual(code('model_unavailable'));
    }
    const refused = await collect(client.generate(ask('Hi'), never)).catch((thrown: Error) => thrown.message);
    expect(refused).toContain('the last calls to it failed');

    const again = await startServer(extractive, { port: first.port });
    cleanups.push(() => again.stop(0));
    await vi.waitFor(
      async () => expect((await collect(client.generate(ask('Hi'), never))).done).toBe('ANSWERED'),
      { timeout: 8_000, interval: 50 },
    );
  });

  it('keeps its connection through more loops left at done than a server lets be reset', async () => {
    const brief: Model = {
      name: 'brief',
      async *answer() {
        yield { kind: 'done', reason: 'ANSWERED' };
      },
    };
    const { client } = await serverAndClient(brief);
    const askMany = async (userId: string) => {
      for (let turn = 0; turn < 100; turn += 1) {
        for await (const piece of client.generate(ask('Hi', { userId }), never))
          if (piece.kind === 'done') break;
      }
    };
    await Promise.all(Array.from({ length: 15 }, (_, person) => askMany(`u${person}`)));
  }, 30_000);

  it('fails what runs when it is closed', async () => {
    const { model, began, cancelled } = endlessModel();
    const { client } = await serverAndClient(model);
    const answer = collect(client.generate(ask('Hi'), never));
    await began;
    await client.close();
    await expect(answer).rejects.toEqual(code('model_unavailable'));
    await cancelled;
  });

  it('reads slowly without losing a piece, and the service does not run ahead without bound', async () => {
    let written = 0;
    const chatty: Model = {
      name: 'chatty',
      async *answer() {
        for (; written < 5_000; written += 1) yield { kind: 'delta', text: `${'x'.repeat(1_000)}\n` };
        yield { kind: 'done', reason: 'ANSWERED' };
      },
    };
    const { client } = await serverAndClient(chatty);
    let read = 0;
    let most = 0;
    for await (const piece of client.generate(ask('Hi'), never)) {
      if (piece.kind === 'done') break;
      if (piece.kind !== 'delta') continue;
      read += 1;
      if (read === 10) await systemClock.sleep(300);
      if (read === 10) most = written;
    }
    expect(read).toBe(5_000);
    expect(most).toBeLessThan(2_000);
  });
});
