import { setTimeout as sleep } from 'node:timers/promises';
import { runService } from './service.ts';

// A service that takes a while to start, and then has something that keeps it running.
await runService(async () => {
  process.send?.('starting');
  await sleep(500);
  const work = setInterval(() => undefined, 1_000);
  return { ready: {}, stop: async () => clearInterval(work) };
});
