import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from './catalog.ts';
import { checkedCreator } from './checked.ts';
import { readKnowledge } from './knowledge-folder.ts';
import { type Synchronised, synchroniseDocuments } from './synchronise.ts';

export const demoFolder = join(import.meta.dirname, 'demo');

/**
 * Puts the demo creator and its knowledge into the catalog: what is new or differs from the folder. A demo
 * document that is no longer in the folder is deleted, unless somebody else wrote it. Doing it twice changes
 * nothing.
 */
export async function seedDemo(catalog: Catalog, folder = demoFolder): Promise<Synchronised> {
  const creator = checkedCreator(JSON.parse(await readFile(join(folder, 'creator.json'), 'utf8')));
  const { creatorId } = creator;
  if (!isDeepStrictEqual(catalog.creator(creatorId)?.creator, creator)) await catalog.putCreator(creator);
  const from = { creatorId, origin: 'demo', deleteMissing: true };
  return await synchroniseDocuments(catalog, await readKnowledge(join(folder, 'knowledge'), from), from);
}
