import type { Idle } from './idle.ts';
import type { Measured, Memory } from './measures.ts';
import type { SystemName } from './systems.ts';

/** The measurements of one system in one pair. A row that was not asked for is absent. */
export interface Figures {
  readonly throughput?: Measured;
  /** The latency of processes that have just started. */
  readonly fresh?: Measured;
  readonly latency?: Measured;
  readonly memory?: Memory;
  readonly idle?: Idle;
}

export type Pair = { readonly [K in SystemName]?: Figures };
