import { port, readOptions, text } from '@rapport/runtime/options.ts';

/** The settings of `npm run servers`. */
export const serversOptions = {
  DATA_DIR: text('.data', 'Its data is in the folder cassandra of this one.'),
  CASSANDRA_PORT: port(9042, 'Port of 127.0.0.1 that it takes clients on. 0 takes a free one.'),
} as const;

/** Throws OptionFault when a value is wrong. */
export function readServersSettings(env: NodeJS.ProcessEnv) {
  return readOptions(serversOptions, env);
}
