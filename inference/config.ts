import { logLevels } from '@rapport/runtime/log.ts';
import { integer, type OptionValues, oneOf, port, readOptions, text } from '@rapport/runtime/options.ts';

const count = { min: 1, max: 100_000 };
const ms = { min: 1, max: 600_000 };

export const options = {
  INFERENCE_HOST: text('127.0.0.1', 'The address to listen on, for gRPC and for health.'),
  INFERENCE_PORT: port(50_051, 'The port of gRPC; 0 takes a free one.'),
  INFERENCE_HEALTH_PORT: port(0, 'The port of /livez, /readyz and /metrics; 0 takes a free one.'),
  NATS_URL: text('nats://127.0.0.1:4222', 'Where NATS is; several addresses with commas between them.'),
  STREAM_REPLICAS: integer(1, 'Copies of the catalog, where this process is the first to need it.', {
    min: 1,
    max: 5,
  }),
  LOG_LEVEL: oneOf('info', 'The least severe lines that are printed.', logLevels),
  MODEL: oneOf(
    'extractive',
    "Who writes the answers: extractive takes sentences from the creator's documents and needs nothing " +
      'else; openai asks OPENAI_BASE_URL.',
    ['extractive', 'openai'],
  ),
  EXTRACTIVE_DELTA_MS: integer(
    15,
    'The pause between two words of the extractive model, so that people see it write.',
    {
      min: 0,
      max: 1_000,
    },
  ),
  OPENAI_BASE_URL: text(
    'https://api.openai.com/v1',
    'Any endpoint that speaks the OpenAI chat completions protocol.',
  ),
  OPENAI_API_KEY: text('', 'Sent as bearer token; may stay empty where the endpoint asks for none.'),
  OPENAI_MODEL: text('gpt-4.1-mini', 'The model to ask for.'),
  OPENAI_ANSWER_TOKENS_MAX: integer(800, 'The longest answer to ask for.', { min: 16, max: 100_000 }),
  OPENAI_PASSAGES_MAX: integer(5, "How many passages of the creator's documents the model is given.", {
    min: 0,
    max: 8,
  }),
  MODEL_FIRST_TOKEN_MS: integer(
    15_000,
    'A model that has said nothing by then, connecting included, has failed.',
    ms,
  ),
  MODEL_IDLE_MS: integer(10_000, 'A model that falls silent for so long in the middle has failed.', ms),
  INDEX_DOCUMENT_MS: integer(
    10_000,
    'CPU time to read one document for the index; a document that takes more is skipped.',
    ms,
  ),
  INDEX_WAIT_MS: integer(
    5_000,
    "How long a question waits for the first index of its creator's documents before it is refused as busy.",
    { min: 0, max: 60_000 },
  ),
  SLOTS_MAX: integer(256, 'Answers written at once.', count),
  SLOTS_PER_CREATOR_MAX: integer(64, 'Answers of one creator written at once.', count),
  SLOTS_PER_CONVERSATION_MAX: integer(1, 'Answers of one conversation written at once.', count),
  WAITING_MAX: integer(1_024, 'Requests that wait for a slot; one more is refused as busy.', count),
  WAITING_PER_CREATOR_MAX: integer(
    256,
    'Requests of one creator that wait; one more is refused as busy.',
    count,
  ),
  DRAIN_MS: integer(10_000, 'How long a stopping process lets answers finish.', { min: 0, max: 600_000 }),
};

export type Config = OptionValues<typeof options>;

/** Throws OptionFault with a line per wrong value. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return readOptions(options, env);
}
