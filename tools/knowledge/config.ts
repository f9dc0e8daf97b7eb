import { logLevels } from '@rapport/runtime/log.ts';
import { integer, type OptionValues, oneOf, readOptions, text } from '@rapport/runtime/options.ts';

export const options = {
  NATS_URL: text('', 'Where NATS is, with commas between several; empty: the Rapport that runs on DATA_DIR.'),
  DATA_DIR: text('.data', 'The data folder of that Rapport.'),
  STREAM_REPLICAS: integer(1, 'Copies of the catalog, where this process is the first to need it.', {
    min: 1,
    max: 5,
  }),
  LOG_LEVEL: oneOf('warn', 'The least severe lines that are printed.', logLevels),
};

export function readConfig(env: Readonly<Record<string, string | undefined>>): OptionValues<typeof options> {
  return readOptions(options, env);
}
