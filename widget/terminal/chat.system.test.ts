import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

let rapport: TestRapport;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chat-'));
  rapport = await startRapport({ env: { INFERENCE_HEALTH_PORT: '0' } });
});

afterAll(async () => {
  await rapport?.stop();
  await rm(folder, { recursive: true });
});

async function chat(input: string, args: readonly string[]): Promise<{ status: unknown; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'chat.ts'), ...args], {
    env: { ...process.env, DATA_DIR: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(input);
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { status, said };
}

test('a script talks line by line, each answered before the next, and a later one resumes', async () => {
  const first = await chat('How do I start a habit?\nWhy do I wake up at 3 a.m.?\n', ['--url', rapport.url]);
  expect(first.status).toBe(0);
  expect(first.said.match(/^(you|coach)> /gm)).toEqual(['coach> ', 'you> ', 'coach> ', 'you> ', 'coach> ']);
  expect(first.said).toMatch(/from: .*<http/);
  const second = await chat('thanks\n', ['--url', rapport.url]);
  expect(second.status).toBe(0);
  expect(second.said).toMatch(/you> How do I start a habit\?/);
});

test('without a gateway it says so, keeps the messages, and the next run sends them', async () => {
  const away = await chat('kept for later\n', ['--url', 'http://127.0.0.1:9', '--user', 'away']);
  expect(away.status).toBe(1);
  expect(away.said).toMatch(/Cannot reach http:\/\/127\.0\.0\.1:9/);
  expect(away.said).toMatch(/Not sent yet: 1/);
  const back = await chat('and now\n', ['--url', rapport.url, '--user', 'away']);
  expect(back.status).toBe(0);
  expect(back.said).toMatch(/you> kept for later/);
});
