import { reasonOf } from './fault.ts';
import { OptionFault } from './options.ts';

/** Something that runs until it is stopped. `stop` drains: it finishes the work that has begun. */
export interface Service {
  stop(): Promise<void>;
  /** A stop that takes longer than this hangs, and the process is ended. */
  readonly stopWithinMs?: number;
}

/** As long as `npm start` waits before it kills. */
const stopWithinMsDefault = 15_000;

/**
 * Runs a process: starts the service, sends `ready` to the parent (over the IPC channel, if there is one),
 * stops the service once at SIGTERM, SIGINT or when the parent is gone, and ends. A service that cannot start
 * prints one sentence and ends with status 1; one that fails later prints a stack first.
 */
export async function runService(start: () => Promise<Service & { readonly ready: object }>): Promise<void> {
  process.umask(0o077); // Other users of the machine must not read what people write.
  process.once('uncaughtException', die);
  process.once('unhandledRejection', die);
  let service: Awaited<ReturnType<typeof start>>;
  // The parent is gone, so nothing waits for this start. The event does not come a second time.
  const abandon = () => process.exit(1);
  process.once('disconnect', abandon);
  try {
    service = await start();
  } catch (failure) {
    process.stderr.write(`${failure instanceof OptionFault ? failure.message : reasonOf(failure)}\n`);
    process.exit(1);
  }
  process.off('disconnect', abandon);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, () => resolve());
  });
  process.send?.({ ready: service.ready });
  await stopped;
  endWhatHangs(service.stopWithinMs ?? stopWithinMsDefault);
  await service.stop();
  if (process.connected) process.disconnect();
  // A timer or socket may keep the event loop alive after a clean stop.
  setTimeout(() => process.exit(0), 2_000).unref();
}

/** A service that never stops would keep its port and its share of the work until somebody kills it. */
function endWhatHangs(stopWithinMs: number): void {
  const end = () => {
    process.stderr.write(`Cannot stop within ${stopWithinMs} ms: ended with work left\n`);
    process.exit(1);
  };
  setTimeout(end, stopWithinMs).unref();
}

function die(failure: unknown): void {
  process.stderr.write(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  process.exit(1);
}
