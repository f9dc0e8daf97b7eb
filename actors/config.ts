import { inferenceLimits } from '@rapport/inference/client.ts';
import { limits } from '@rapport/proto/limits.ts';
import { logLevels } from '@rapport/runtime/log.ts';
import { integer, oneOf, port, text } from '@rapport/runtime/options.ts';

const slots = { min: 1, max: 1_000_000 };

/** Everything an actor host can be told. `node actors/main.ts --help` prints it. */
export const actorsOptions = {
  NATS_URL: text('nats://127.0.0.1:4222', 'Where NATS is; several servers are separated by commas.'),
  HISTORY_URL: text('sqlite:.data/history.db', 'Where messages are stored.'),
  INFERENCE_ADDRESS: text('127.0.0.1:50051', 'Host and port of the inference service.'),
  PARTITIONS: integer(
    0,
    'Partitions of the log, for its whole life. 0: as it was made; a new one 8, by npm start 2 a host.',
    {
      min: 0,
      max: 1024,
    },
  ),
  STREAM_REPLICAS: integer(1, 'Copies of the log that NATS keeps; 3 on a cluster.', { min: 1, max: 5 }),
  ACTORS_NAME: text(
    'actors',
    'How `npm run owners` names this host; each start adds something of its own.',
    /^[a-z0-9-]{1,40}$/,
  ),
  LEASE_PROFILE: oneOf(
    'fast',
    'How soon others take over from a host that is silent: fast after 0.8 s, safe after 3.5 s.',
    ['fast', 'safe'],
  ),
  ACTORS_HEALTH_HOST: text('127.0.0.1', 'Address that /livez, /readyz and /metrics listen on.'),
  ACTORS_HEALTH_PORT: port(0, 'Their port; 0 takes a free one.'),
  ACTORS_RESIDENT_MAX: integer(
    1_000_000,
    'Conversations kept in memory; the least recently used leave first.',
    {
      min: 1,
      max: 10_000_000,
    },
  ),
  ACTORS_RESIDENT_MIB: integer(
    256,
    'Memory for these conversations, in MiB, estimated from their states. 256 hold some 130,000.',
    { min: 1, max: 1_048_576 },
  ),
  ACTORS_IDLE_MINUTES: integer(60, 'A conversation in which nothing happened for so long leaves memory.', {
    min: 1,
    max: 60 * 24 * 365,
  }),
  CHECKPOINT_MS: integer(250, 'How often progress is written; after a crash that much is read again.', {
    min: 10,
    max: 60_000,
  }),
  INBOX_KEEP_HOURS: integer(24, 'How long processed events stay in the log.', { min: 1, max: 24 * 365 }),
  TURN_DEADLINE_MS: integer(limits.turnDeadlineMs, 'An answer that is not whole by then has failed.', {
    min: 100,
    max: 3_600_000,
  }),
  INFERENCE_SLOTS_MAX: integer(inferenceLimits.slotsMax, 'Answers being written at once.', slots),
  INFERENCE_SLOTS_PER_CREATOR_MAX: integer(
    inferenceLimits.slotsPerCreatorMax,
    'Of these, for one creator.',
    slots,
  ),
  INFERENCE_WAITING_MAX: integer(
    inferenceLimits.waitingMax,
    'Answers that wait for a slot; one more is model_busy.',
    slots,
  ),
  INFERENCE_WAITING_PER_CREATOR_MAX: integer(
    inferenceLimits.waitingPerCreatorMax,
    'Of these, for one creator.',
    slots,
  ),
  LOG_LEVEL: oneOf('info', 'What is logged.', logLevels),
} as const;
