import { parseArgs } from 'node:util';
import { logLevels } from '@rapport/runtime/log.ts';
import { integer, OptionFault, oneOf, port, readOptions, text } from '@rapport/runtime/options.ts';

const portBase = {
  PORT_BASE: integer(
    0,
    'Moves all ports: gateway there, inference one above, nats-server two above. 0: off.',
    {
      min: 0,
      max: 65_533,
    },
  ),
} as const;

/** The settings of `npm start` itself. It hands all others on to the processes that it starts. */
export function startOptions(env: NodeJS.ProcessEnv) {
  const base = readOptions(portBase, env).PORT_BASE;
  const at = (offset: number, usual: number) => (base === 0 ? usual : base + offset);
  return {
    ...portBase,
    GATEWAY_PORT: port(at(0, 8080), 'The gateway: sockets, HTTP and the demo page. 0 takes a free one.'),
    INFERENCE_PORT: port(at(1, 50051), 'The inference service (gRPC). 0 takes a free one.'),
    NATS_PORT: port(at(2, 0), 'The nats-server that is started here. 0 takes a free one.'),
    NATS_URL: text('', 'NATS servers to use; empty: one is started here, on NATS_PORT.'),
    HISTORY_URL: text('', 'Where messages are stored; empty: sqlite, in DATA_DIR.'),
    DATA_DIR: text('.data', 'Streams, history, keys and logs live in here.'),
    ACTORS: integer(1, 'Actor hosts; they share the partitions of the log.', { min: 1, max: 64 }),
    GATEWAYS: integer(1, 'Gateways; they share GATEWAY_PORT.', { min: 1, max: 64 }),
    DEMO_FOLLOW_UP_SECONDS: integer(
      0,
      'The demo coach follows up on a person who was quiet for so long after an answer. 0: off.',
      { min: 0, max: 30 * 86_400 },
    ),
    NATS_SERVER_BIN: text('', 'A nats-server of 2.12 or newer; empty: the one on PATH, else one is fetched.'),
    LOG_LEVEL: oneOf('info', 'What goes into DATA_DIR/log; warnings are shown here as well.', logLevels),
  } as const;
}

/** The first line of `npm start -- --help`. */
export const startUse = 'npm start [-- --actors 3 --gateways 2]';

/** The environment, with the arguments in it. Throws OptionFault for an unknown argument. */
export function withArguments(env: NodeJS.ProcessEnv, args: readonly string[]): NodeJS.ProcessEnv {
  const options = { actors: { type: 'string' }, gateways: { type: 'string' } } as const;
  try {
    const { actors = env.ACTORS, gateways = env.GATEWAYS } = parseArgs({ args: [...args], options }).values;
    return { ...env, ACTORS: actors, GATEWAYS: gateways };
  } catch (failure) {
    const given = args.join(' ');
    throw new OptionFault(`Cannot use ${given}: it should be as in ${startUse}`, { cause: failure });
  }
}

/** The settings of `npm run owners`. */
export const ownersOptions = {
  NATS_URL: text('', 'NATS servers; empty: those of the Rapport that runs on DATA_DIR.'),
  DATA_DIR: text('.data', 'The data folder of a Rapport that npm start runs.'),
} as const;

export function readOwnersSettings(env: NodeJS.ProcessEnv) {
  return readOptions(ownersOptions, env);
}

export type StartSettings = ReturnType<typeof readStartSettings>;

/** Throws OptionFault when a value is wrong. */
export function readStartSettings(env: NodeJS.ProcessEnv) {
  return readOptions(startOptions(env), env);
}
