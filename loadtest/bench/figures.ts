import type { Idle } from './idle.ts';
import type { Measured, Memory } from './measures.ts';
import type { SystemName } from './systems.ts';

/** What one system did in one pair; rows that were not asked for are absent. */
export interface Figures {
  readonly throughput?: Measured;
  /** Of processes that have just started. */
  readonly fresh?: Measured;
  readonly latency?: Measured;
  readonly memory?: Memory;
  readonly idle?: Idle;
}

export type Pair = { readonly [K in SystemName]?: Figures };
