import type { Metrics } from '@rapport/runtime/metrics.ts';

/** What the gateway counts; /metrics shows it. */
export function createMeters(metrics: Metrics) {
  return {
    framesIn: metrics.counter('rapport_gateway_frames_in_total', 'Frames that clients sent'),
    framesUnread: metrics.counter(
      'rapport_gateway_frames_unread_total',
      'Frames left unread because too much came over a socket, of a person or from an address',
    ),
    framesOut: metrics.counter('rapport_gateway_frames_out_total', 'Frames written to clients'),
    faults: metrics.counterBy('rapport_gateway_faults_total', 'Refused frames, by code', ['code']),
    goodbyes: metrics.counterBy('rapport_gateway_goodbyes_total', 'Sockets closed from here, by code', [
      'code',
    ]),
    says: metrics.counter('rapport_gateway_says_total', 'Says that were admitted'),
    acceptedReceipts: metrics.counter(
      'rapport_gateway_accepted_receipts_total',
      'Receipts sent because the stored one took its time',
    ),
    appendSeconds: metrics.seconds('rapport_gateway_append_seconds', 'One append to the log'),
    appendEnvelopes: metrics.histogram(
      'rapport_gateway_append_envelopes',
      'Envelopes of one append',
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    ),
    appendFailures: metrics.counter('rapport_gateway_append_failures_total', 'Appends that were given up'),
    deliveries: metrics.counter('rapport_gateway_deliveries_total', 'Deliveries from owners'),
    lostDeliveries: metrics.counter(
      'rapport_gateway_lost_deliveries_total',
      'Times that a number was missing on a lane, or its heartbeat',
    ),
    attaches: metrics.counter(
      'rapport_gateway_attaches_total',
      'Times that an owner was asked to attach a session',
    ),
    catchUps: metrics.counter(
      'rapport_gateway_catch_ups_total',
      'Times that a session began to read from the store',
    ),
    deltasLeftOut: metrics.counter(
      'rapport_gateway_deltas_left_out_total',
      'Deltas that became part of a snapshot',
    ),
  };
}

export type Meters = ReturnType<typeof createMeters>;
