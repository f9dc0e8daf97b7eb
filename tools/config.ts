import { logLevels } from '@rapport/runtime/log.ts';
import { integer, oneOf, port, readOptions, text } from '@rapport/runtime/options.ts';

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

/** Everything `npm start` can be told; what it does not know goes on to the processes it starts. */
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
    NATS_SERVER_BIN: text('', 'A nats-server of 2.12 or newer; empty: the one on PATH, else one is fetched.'),
    LOG_LEVEL: oneOf('info', 'What goes into DATA_DIR/log; warnings are shown here as well.', logLevels),
  } as const;
}

export type StartSettings = ReturnType<typeof readStartSettings>;

/** Throws OptionFault when a value is wrong. */
export function readStartSettings(env: NodeJS.ProcessEnv) {
  return readOptions(startOptions(env), env);
}
