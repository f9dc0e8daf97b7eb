import type { Log } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { readNatsUrl } from './nats-url-file.ts';

/**
 * A connection for a command: to the given address, else to the Rapport that runs on the data folder. Throws
 * one sentence when there is none.
 */
export async function connectToRapport(options: {
  /** The command's name, as NATS shows it. */
  readonly name: string;
  /** Empty: look into the data folder. */
  readonly natsUrl: string;
  readonly dataDir: string;
  readonly log: Log;
}): ReturnType<typeof connectNats> {
  const { name, natsUrl, dataDir, log } = options;
  if (natsUrl !== '') return await connectNats({ url: natsUrl, name, log });
  const sentence = `Rapport is not running on ${dataDir}; start it with npm start, or set NATS_URL`;
  const url = readNatsUrl(dataDir);
  if (url === undefined) throw new Error(sentence);
  try {
    return await connectNats({ url, name, log });
  } catch (failure) {
    throw new Error(sentence, { cause: failure }); // A Rapport that was killed leaves its address behind.
  }
}
