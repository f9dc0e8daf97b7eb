import type { Clock } from '@rapport/runtime/clock.ts';

/** The pause before what ended is begun again. */
const againMs = 50;

/** What comes, one after the other, until something ends it. */
export interface Run<T> extends AsyncIterable<T> {
  /** Who iterates gets nothing more. */
  stop(): void;
}

/**
 * Everything that comes, until the signal aborts: a run that failed, that ended, or that is from before the
 * connection came back, is begun again. `begin` begins it after what was handed on last.
 */
export async function* follow<T>(options: {
  readonly begin: () => Promise<Run<T>>;
  /** Calls `act` each time the connection comes back, until the returned function is called. */
  readonly onReturn: (act: () => void) => () => void;
  readonly onFailure: (failure: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): AsyncIterable<T> {
  const { begin, onReturn, onFailure, clock, signal } = options;
  while (!signal.aborted) {
    let run: Run<T> | undefined;
    let over = false;
    const stop = () => {
      over = true;
      run?.stop();
    };
    const endOnReturn = onReturn(stop);
    signal.addEventListener('abort', stop);
    try {
      run = await begin();
      if (over) run.stop(); // It was asked for while the run began.
      for await (const one of run) {
        yield one;
        if (signal.aborted) return;
      }
    } catch (failure) {
      onFailure(failure);
    } finally {
      signal.removeEventListener('abort', stop);
      endOnReturn();
      run?.stop();
    }
    if (!signal.aborted) await clock.sleep(againMs, signal).catch(() => undefined);
  }
}
