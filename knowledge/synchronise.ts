import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';

export interface Synchronised {
  readonly written: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/**
 * Brings the given documents of one origin into the catalog: writes those that are new or changed, and with
 * `deleteMissing` deletes documents of that origin that are not given. Documents of another origin stay,
 * unless a given one has the same documentId.
 */
export async function synchroniseDocuments(
  catalog: Catalog,
  wanted: readonly KnowledgeDocument[],
  from: { readonly creatorId: string; readonly origin: string; readonly deleteMissing: boolean },
): Promise<Synchronised> {
  const stored = await catalog.documents(from.creatorId);
  const storedById = new Map(stored.map((document) => [document.documentId, document]));
  const wantedIds = new Set(wanted.map((document) => document.documentId));
  const changed = wanted.filter(
    (document) => !isDeepStrictEqual(storedById.get(document.documentId), document),
  );
  const missing = stored.filter(
    (document) =>
      from.deleteMissing && document.origin === from.origin && !wantedIds.has(document.documentId),
  );
  for (const document of changed) await catalog.putDocument(document);
  for (const { creatorId, documentId } of missing) await catalog.deleteDocument(creatorId, documentId);
  return {
    written: changed.length,
    unchanged: wanted.length - changed.length,
    deleted: missing.length,
  };
}
