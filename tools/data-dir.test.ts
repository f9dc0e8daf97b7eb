import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeDataDir } from './data-dir.ts';
import { checkPorts } from './free-port.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rapport-data-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a data folder is taken by one at a time', () => {
  const giveBack = takeDataDir(dir);
  expect(() => takeDataDir(dir)).toThrow(`Rapport (process ${process.pid}) is running on it`);
  giveBack();
  takeDataDir(dir)();
});

test('a folder of a killed process is taken over', async () => {
  const program = `
    import { takeDataDir } from ${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))};
    takeDataDir(${JSON.stringify(dir)});
    console.log('taken');
    setInterval(() => {}, 1000);
  `;
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(createInterface(other.stdout), 'line');
  expect(() => takeDataDir(dir)).toThrow(`process ${other.pid}`);
  other.kill('SIGKILL');
  await once(other, 'close');
  takeDataDir(dir)();
});

test('a data folder that cannot be made is refused by name', async () => {
  await writeFile(join(dir, 'file'), '');
  const inside = join(dir, 'file', 'data');
  expect(() => takeDataDir(inside)).toThrow(`Cannot write to the data folder ${inside} (option DATA_DIR)`);
});

test.runIf(process.platform === 'linux')('a folder that a file system never makes is refused at once', () => {
  expect(() => takeDataDir('/proc/rapport-test')).toThrow('/proc/rapport-test');
});

test('checkPorts() names the port in use and the option that moves it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(checkPorts({ INFERENCE_PORT: 0, GATEWAY_PORT: port })).rejects.toThrow(
    `Cannot listen on port ${port}: another program uses it. ` +
      'Set GATEWAY_PORT, or PORT_BASE for all ports, to a free one.',
  );
  taken.close();
});
