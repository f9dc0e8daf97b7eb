import type { Metrics } from '@rapport/runtime/metrics.ts';
import type { Admission } from '../admission.ts';
import type { Library } from '../library/library.ts';

/** The service's meters of one turn. */
export interface TurnMeter {
  firstText(): void;
  ended(outcome: string): void;
}

export interface Meters {
  began(): TurnMeter;
}

const answerSeconds = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMeters(
  metrics: Metrics,
  { admission, library, nowMs }: { admission: Admission; library: Library; nowMs: () => number },
): Meters {
  const turns = metrics.counterBy('rapport_inference_turns_total', 'Answers, by how they ended.', [
    'outcome',
  ]);
  const first = metrics.histogram(
    'rapport_inference_first_text_seconds',
    'From the request to the first text.',
    answerSeconds,
  );
  const whole = metrics.histogram(
    'rapport_inference_turn_seconds',
    'From the request to the end.',
    answerSeconds,
  );
  metrics.gauge('rapport_inference_running_turns', 'Answers being written.', () => admission.running);
  metrics.gauge('rapport_inference_waiting_turns', 'Requests waiting for a slot.', () => admission.waiting);
  metrics.gauge(
    'rapport_inference_documents_waiting',
    'Changed documents that wait to be indexed.',
    () => library.waiting,
  );
  metrics.gauge(
    'rapport_inference_documents_skipped',
    'Documents left out of the index since the start: reading them took too long or failed.',
    () => library.skipped,
  );
  metrics.gauge('rapport_inference_passages', 'Passages of all creators in the index.', () =>
    library.passageCount(),
  );
  return {
    began: () => {
      const beganMs = nowMs();
      let said = false;
      return {
        firstText: () => {
          if (said) return;
          said = true;
          first.observe((nowMs() - beganMs) / 1_000);
        },
        ended: (outcome) => {
          turns.inc({ outcome });
          whole.observe((nowMs() - beganMs) / 1_000);
        },
      };
    },
  };
}
