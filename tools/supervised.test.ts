import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startChild, warningOf } from './child.ts';
import { LogFile } from './log-file.ts';
import { Supervised } from './supervised.ts';

let dir = '';
let told: string[] = [];

beforeEach(async () => {
  told = [];
  dir = await mkdtemp(join(tmpdir(), 'rapport-supervised-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/**
 * A supervised process that runs this program, which gets the port it had before as its environment's PORT.
 */
async function supervised(program: string): Promise<Supervised> {
  const script = join(dir, 'main.mjs');
  await writeFile(script, program);
  const tell = (sentence: string) => void told.push(sentence);
  const log = new LogFile(join(dir, 'log', 'one.log'));
  return new Supervised({
    name: 'one',
    tell,
    launch: (port) =>
      startChild({ name: 'one', script, env: { ...process.env, PORT: String(port) }, log, tell }),
  });
}

const wellBehaved = `
  process.send({ ready: { port: Number(process.env.PORT) || 4711 } });
  process.on('SIGTERM', () => process.disconnect());
  process.on('disconnect', () => {});
`;

test('a process that dies is started again on its port, and the person is told', async () => {
  const one = await supervised(wellBehaved);
  const first = await one.start();
  first.kill('SIGKILL');
  await first.ended;
  const second = await one.up();
  expect(second.pid).not.toBe(first.pid);
  expect(second.port).toBe(4711);
  expect(told).toEqual(['one: it was ended by SIGKILL; starting it again.']);
  await one.stop();
  expect(one.child).toBeUndefined();
});

test('restart() gives a new process and tells nobody', async () => {
  const one = await supervised(wellBehaved);
  const first = await one.start();
  const second = await one.restart();
  expect(second.pid).not.toBe(first.pid);
  expect(told).toEqual([]);
  await one.stop();
});

test('start() throws the last words of a process that cannot start', async () => {
  const one = await supervised(`console.error('Cannot use PORT=x: it should be a number'); process.exit(1)`);
  await expect(one.start()).rejects.toThrow('Cannot start one: Cannot use PORT=x: it should be a number');
  await one.stop();
});

test('stop() while a process is starting leaves none behind', async () => {
  const one = await supervised(wellBehaved);
  const starting = one.start();
  await one.stop();
  await expect(starting).rejects.toThrow('aborted');
  expect(one.child).toBeUndefined();
});

test('stop() while a dead process waits for its next start ends the waiting', async () => {
  const one = await supervised(wellBehaved);
  const child = await one.start();
  child.kill('SIGKILL');
  await child.ended;
  await one.stop();
  expect(one.child).toBeUndefined();
});

test('everything goes into the log, warnings to the person too', async () => {
  const one = await supervised(`
    console.log(JSON.stringify({ level: 30, msg: 'all is well' }));
    console.log(JSON.stringify({ level: 40, msg: 'slow disk', reason: 'fsync took 3 s' }));
    ${wellBehaved}
  `);
  await one.start();
  await one.stop();
  expect(told).toEqual(['one: slow disk: fsync took 3 s']);
  expect(await readFile(join(dir, 'log', 'one.log'), 'utf8')).toContain('all is well');
});

test('warningOf() shows what is no log line, and no line below warn', () => {
  expect(warningOf('Segmentation fault')).toBe('Segmentation fault');
  expect(warningOf('{"level":50,"msg":"lost the stream"}')).toBe('lost the stream');
  expect(warningOf('{"level":30,"msg":"started"}')).toBeUndefined();
});
