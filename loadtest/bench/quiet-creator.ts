import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';

/** A creator whose people are answered by nobody: only their own messages are stored. */
export const quietCreator = 'quiet';

export async function putQuietCreator(natsUrl: string, replicas = 1): Promise<void> {
  const log = createLog({ name: 'quiet', level: 'silent' });
  const nc = await connectNats({ url: natsUrl, name: 'quiet', log });
  const catalog = await openNatsCatalog(nc, log, replicas);
  await catalog.putCreator(
    creatorSchema.parse({
      creatorId: quietCreator,
      name: 'Quiet',
      answering: 'people',
      allowedOrigins: ['*'],
    }),
  );
  await catalog.close();
  await nc.close(); // No drain: the server has acknowledged every write.
}
