import { type Logger, pino } from 'pino';

export type Log = Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** One JSON object a line on standard output, with the process's name; times in milliseconds since 1970. */
export function createLog(options: {
  readonly name: string;
  readonly level: (typeof logLevels)[number];
}): Log {
  return pino({ name: options.name, level: options.level, base: { name: options.name, pid: process.pid } });
}
