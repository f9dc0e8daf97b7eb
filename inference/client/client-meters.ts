import type { Metrics } from '@rapport/runtime/metrics.ts';
import type { Admission } from '../admission.ts';
import type { Breaker } from './breaker.ts';

/** The actor host's meters of the turns that it asks for. */
export function createClientMeters(
  metrics: Metrics,
  admission: Admission,
  breaker: Breaker,
): { ended(outcome: string, tookMs: number): void } {
  const calls = metrics.counterBy(
    'rapport_inference_client_turns_total',
    'Turns asked for, by how they ended.',
    ['outcome'],
  );
  const seconds = metrics.histogram(
    'rapport_inference_client_turn_seconds',
    'From asking for an answer to its end, waiting included.',
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  );
  metrics.gauge('rapport_inference_client_running_turns', 'Turns being written.', () => admission.running);
  metrics.gauge(
    'rapport_inference_client_waiting_turns',
    'Turns waiting for a slot.',
    () => admission.waiting,
  );
  metrics.gauge('rapport_inference_client_breaker_open', '1 while calls are refused at once.', () =>
    breaker.at === 'closed' ? 0 : 1,
  );
  return {
    ended: (outcome, tookMs) => {
      calls.inc({ outcome });
      seconds.observe(tookMs / 1_000);
    },
  };
}
