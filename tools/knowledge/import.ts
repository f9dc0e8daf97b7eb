import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { checkedCreator } from '@rapport/catalog/checked.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { firstWords } from '@rapport/knowledge/first-words.ts';
import { readKnowledge } from '@rapport/knowledge/knowledge-folder.ts';
import { endings } from '@rapport/knowledge/list-files.ts';
import { synchroniseDocuments } from '@rapport/knowledge/synchronise.ts';
import { runCommand } from '@rapport/runtime/arguments.ts';
import { systemCodeOf } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectToRapport } from '../connect-to-rapport.ts';
import { readConfig } from './config.ts';
import { type Import, readImport } from './import-arguments.ts';
import { ImportReport } from './import-report.ts';
import { withParts } from './part-settings.ts';

const origin = 'import';

await runCommand(async () => await importKnowledge(await readImport(process.argv.slice(2))));

/** Resolves with 1 when a file was left out. */
async function importKnowledge(wanted: Import): Promise<number> {
  const report = new ImportReport();
  const documents = await readFolder(wanted, report);
  const { NATS_URL: natsUrl, DATA_DIR: dataDir, ...config } = readConfig(process.env);
  const log = createLog({ name: 'knowledge', level: config.LOG_LEVEL });
  const nc = await connectToRapport({ name: 'knowledge', natsUrl, dataDir, log });
  try {
    const catalog = await openNatsCatalog(nc, log, config.STREAM_REPLICAS);
    process.stdout.write(await bringIn(catalog, { ...wanted, documents, isWhole: report.isWhole }));
    process.stdout.write(report.passedOverText);
    await catalog.close();
    return report.isWhole ? 0 : 1;
  } finally {
    await nc.close();
  }
}

/** Prints the files that are left out, also when no document remains. */
async function readFolder(
  { from, creatorId }: Import,
  report: ImportReport,
): Promise<readonly KnowledgeDocument[]> {
  const documents = await readKnowledge(from, { creatorId, origin, report }).catch((failure) => {
    throw unreadable(from, failure);
  });
  process.stderr.write(report.leftOutText);
  if (documents.length > 0) return documents;
  throw new Error(`Cannot import from ${from}: it holds no ${endings.join(', ')} file that can be used`);
}

function unreadable(folder: string, failure: unknown): Error {
  const sentence = `Cannot import from ${folder}: --from should name a folder with pages`;
  if (systemCodeOf(failure) === 'ENOENT') return new Error(`${sentence}, and there is none of that name`);
  if (systemCodeOf(failure) === 'ENOTDIR') return new Error(`${sentence}, and this is a file`);
  return new Error(sentence, { cause: failure });
}

/** Resolves with lines that say what was done. */
async function bringIn(
  catalog: Catalog,
  options: Import & { readonly documents: readonly KnowledgeDocument[]; readonly isWhole: boolean },
): Promise<string> {
  const { creatorId, documents, isWhole } = options;
  const did = await putCreator(catalog, options);
  // A file that is left out is not missing: its document may be there from an earlier import.
  const deleteMissing = options.deleteMissing && isWhole;
  const done = await synchroniseDocuments(catalog, documents, { creatorId, origin, deleteMissing });
  const counts = `${done.written} written, ${done.unchanged} unchanged, ${done.deleted} deleted`;
  const waits = options.deleteMissing && !isWhole;
  return `${creatorId}: ${did}${counts}\n${waits ? 'Nothing is deleted while a file is left out.\n' : ''}`;
}

/** Makes the creator, or changes the given settings. Resolves with words that say which. */
async function putCreator(
  catalog: Catalog,
  { creatorId, settings, parts, documents }: Import & { readonly documents: readonly KnowledgeDocument[] },
): Promise<string> {
  const { creator: existing, version = 0 } = catalog.creator(creatorId) ?? {};
  if (existing === undefined) checkComplete({ creatorId, settings });
  const before = existing ?? firstWords(settings.name ?? creatorId, documents);
  const { followUp, ...merged } = withParts({ ...before, ...settings, creatorId }, parts);
  const creator = checkedCreator(followUp === undefined ? merged : { ...merged, followUp }, existing);
  if (isDeepStrictEqual(creator, existing)) return '';
  const put = await catalog.putCreator(creator, { ifVersion: version });
  if (put.at === 'outdated')
    throw new Error(`Cannot change ${creatorId}: somebody else changed it just now; try again`);
  return existing === undefined ? 'created, ' : 'settings changed, ';
}

/** Without a site the first visitor would be refused, far from here. */
function checkComplete({ creatorId, settings }: Pick<Import, 'creatorId' | 'settings'>): void {
  if (settings.name === undefined) {
    throw new Error(`Cannot import for ${creatorId}: there is no such creator; --name NAME creates it`);
  }
  if (settings.allowedOrigins === undefined) {
    throw new Error(
      `Cannot create ${creatorId}: no site could embed its widget; ` +
        "add --origin https://www.example.com for each site, or --origin '*' for any",
    );
  }
}
