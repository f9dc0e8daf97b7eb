import { logLevels } from '@rapport/runtime/log.ts';
import { type OptionValues, oneOf, readOptions, text } from '@rapport/runtime/options.ts';

export const options = {
  NATS_URL: text('nats://127.0.0.1:4222', 'Where NATS is; several addresses with commas between them.'),
  LOG_LEVEL: oneOf('warn', 'The least severe lines that are printed.', logLevels),
};

export function readConfig(env: Readonly<Record<string, string | undefined>>): OptionValues<typeof options> {
  return readOptions(options, env);
}
