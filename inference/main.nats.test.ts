import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { seedDemo } from '@rapport/demo/seed-demo.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, clientOf, collect, quietLog } from './testing/fixture.ts';

let nats: TestNats;
let children: ChildProcess[] = [];
beforeAll(async () => {
  nats = await startTestNats();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await nats.stop();
});

const main = join(import.meta.dirname, 'main.ts');

async function startProcess(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      ...{ NATS_URL: nats.url, INFERENCE_PORT: '0', INFERENCE_HEALTH_PORT: '0', EXTRACTIVE_DELTA_MS: '0' },
      ...{ LOG_LEVEL: 'error', ...env },
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children = [...children, child];
  const errors: string[] = [];
  child.stderr?.on('data', (chunk) => errors.push(String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const message = new Promise<{ ready: { port: number; healthPort: number } } | undefined>((resolve) => {
    child.once('message', (said) => resolve(said as { ready: { port: number; healthPort: number } }));
    void ended.then(() => resolve(undefined)); // The first of the two counts.
  });
  return { child, ended, errors, ready: (await message)?.ready };
}

describe('inference/main.ts', () => {
  it('answers from the catalog, follows a changed document, is ready, ends in order at SIGTERM', async () => {
    const nc = await connectNats({ url: nats.url, name: 'test', log: quietLog });
    const catalog = await openNatsCatalog(nc, quietLog);
    await seedDemo(catalog);
    const { child, ended, ready } = await startProcess();
    const client = clientOf(`127.0.0.1:${ready?.port}`);
    const answerTo = async (text: string) =>
      await collect(client.generate(ask(text, { creatorId: 'demo' }), new AbortController().signal));

    expect((await answerTo('How long should a nap be?')).sources[0]?.documentId).toBe('naps');
    expect((await fetch(`http://127.0.0.1:${ready?.healthPort}/readyz`)).status).toBe(200);
    expect((await answerTo('What is the zeppelin method?')).done).toBe('UNKNOWN');
    await catalog.putDocument({
      ...{ creatorId: 'demo', documentId: 'zeppelin', title: 'The zeppelin method', url: '', topic: '' },
      text: 'The zeppelin method lifts one task at a time.',
    });
    await vi.waitFor(async () => {
      expect((await answerTo('What is the zeppelin method?')).sources[0]?.documentId).toBe('zeppelin');
    });

    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await client.close();
    await catalog.close();
    await nc.close();
  });

  it('says in one line which setting is wrong or that NATS is not there, ends with status 1', async () => {
    const wrong = await startProcess({ MODEL: 'oracle', SLOTS_MAX: '0' });
    expect(await wrong.ended).toBe(1);
    expect(wrong.errors.join('')).toContain(
      'Cannot use MODEL=oracle: it should be one of extractive, openai\n',
    );
    expect(wrong.errors.join('')).toContain('Cannot use SLOTS_MAX=0');
    const alone = await startProcess({ NATS_URL: 'nats://127.0.0.1:1' });
    expect(await alone.ended).toBe(1);
    expect(alone.errors.join('')).toContain('Cannot reach NATS at nats://127.0.0.1:1');
  });
});
