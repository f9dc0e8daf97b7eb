import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { checkedCreator } from '@rapport/catalog/checked.ts';
import { readKnowledge } from '@rapport/knowledge/knowledge-folder.ts';
import { type Synchronised, synchroniseDocuments } from '@rapport/knowledge/synchronise.ts';

export const demoFolder = import.meta.dirname;

const followUpText =
  'How does that sound to you? Tell me what gets in the way, and we will make the first step smaller.';

/**
 * Writes the demo creator and its documents into the catalog, where they are new or differ from the folder. A
 * demo document that left the folder is deleted; a document that was written by hand stays. A second call
 * changes nothing.
 */
export async function seedDemo(
  catalog: Catalog,
  options: {
    readonly folder?: string;
    /** After so many quiet seconds the coach follows up; 0 or absent: never. */
    readonly followUpSeconds?: number;
  } = {},
): Promise<Synchronised> {
  const { folder = demoFolder, followUpSeconds: afterSeconds = 0 } = options;
  const given: object = JSON.parse(await readFile(join(folder, 'creator.json'), 'utf8'));
  const followUp = { afterSeconds, text: followUpText };
  const wanted = checkedCreator(afterSeconds === 0 ? given : { ...given, followUp });
  const { creatorId } = wanted;
  const stored = catalog.creator(creatorId)?.creator;
  const creator = checkedCreator(wanted, stored);
  if (!isDeepStrictEqual(stored, creator)) await catalog.putCreator(creator);
  const from = { creatorId, origin: 'demo', deleteMissing: true };
  return await synchroniseDocuments(catalog, await readKnowledge(join(folder, 'knowledge'), from), from);
}
