import type { Clock } from '@rapport/runtime/clock.ts';

/** The pause before a run that ended is begun again. */
const againMs = 50;

/** Values that come one after the other, until something ends the run. */
export interface Run<T> extends AsyncIterable<T> {
  /** Ends the iteration: it gives nothing more. */
  stop(): void;
}

/**
 * Gives every value until the signal aborts. A run that failed or ended is begun again, and so is a run from
 * before the connection came back: its consumer may be gone. `begin` begins after the value handed on last.
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
      if (over) run.stop(); // The end was asked for while the run began.
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
