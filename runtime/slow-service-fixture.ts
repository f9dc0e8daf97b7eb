import { setTimeout as sleep } from 'node:timers/promises';
import { runService } from './service.ts';

// A service that takes a while to start, and then has something that keeps it running. With the argument
// `hangs` its stop never comes to an end.
const hangs = process.argv.includes('hangs');
await runService(async () => {
  process.send?.('starting');
  await sleep(500);
  const work = setInterval(() => undefined, 1_000);
  const forever = new Promise<void>(() => undefined);
  return { ready: {}, stop: hangs ? () => forever : async () => clearInterval(work), stopWithinMs: 300 };
});
