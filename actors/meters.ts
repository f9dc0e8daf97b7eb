import type { Metrics } from '@rapport/runtime/metrics.ts';

/** What an actor host counts. Each hop has a meter of its own: its time for a whole batch. */
export function createMeters(metrics: Metrics) {
  return {
    /** From the log's time of a record to its being taken: hop 5 to 6. */
    readLag: metrics.seconds('rapport_log_lag_seconds', 'Age of a log record when the worker takes it'),
    load: metrics.seconds('rapport_hop_load_seconds', 'Hop 6: loading the states of a batch'),
    decide: metrics.seconds('rapport_hop_decide_seconds', 'Hop 7: folding a batch'),
    commit: metrics.seconds('rapport_hop_commit_seconds', 'Hop 8: storing a batch'),
    perform: metrics.seconds('rapport_hop_perform_seconds', 'Hop 9: handing on the effects of a batch'),
    batchEvents: metrics.histogram(
      'rapport_batch_events',
      'Events of one batch',
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    ),
    events: metrics.counter('rapport_events_total', 'Events folded'),
    buried: metrics.counter('rapport_dead_letters_total', 'Events that could not be processed'),
    effectsKept: metrics.counter(
      'rapport_effects_kept_total',
      'Recorded effects of a newer version that a row keeps for a newer host',
    ),
    leaseLapses: metrics.counter(
      'rapport_lease_lapses_total',
      'Times this host could not show that it lives',
    ),
    appendSeconds: metrics.seconds('rapport_actors_append_seconds', "One append of this host's own events"),
    appendEnvelopes: metrics.histogram(
      'rapport_actors_append_envelopes',
      'Events of one such append',
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    ),
    appendFailures: metrics.counter(
      'rapport_actors_append_failures_total',
      'Such appends that were given up',
    ),
    commitFailures: metrics.counter('rapport_commit_failures_total', 'Commits that the store refused'),
  } as const;
}

export type Meters = ReturnType<typeof createMeters>;
