import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, 'slow-service-fixture.ts');
const launch = (...args: string[]) =>
  fork(script, args, { execArgv: ['--disable-warning=ExperimentalWarning'] });

test('a service whose parent goes away while it starts ends at once', async () => {
  const child = launch();
  await once(child, 'message'); // It is starting.
  child.disconnect();
  expect((await once(child, 'exit'))[0]).toBe(1);
});

test('a service whose parent goes away later stops in order', async () => {
  const child = launch();
  await once(child, 'message');
  expect((await once(child, 'message'))[0]).toEqual({ ready: {} });
  child.disconnect();
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('a service whose stop hangs is ended all the same', async () => {
  const child = launch('hangs');
  await once(child, 'message');
  await once(child, 'message');
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(1);
});
