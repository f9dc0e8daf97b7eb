import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { checkedCreator } from '@rapport/catalog/checked.ts';
import { readKnowledge } from '@rapport/knowledge/knowledge-folder.ts';
import { synchroniseDocuments } from '@rapport/knowledge/synchronise.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { connectToRapport } from '../connect-to-rapport.ts';
import { options, readConfig } from './config.ts';
import { does, type Import, readArguments, use } from './import-arguments.ts';
import { withParts } from './part-settings.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (failure) {
  process.stderr.write(`${reasonOf(failure)}\n`);
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = await readArguments(args);
  if (wanted === 'help') {
    process.stdout.write(helpText({ use, does, options }));
    return 0;
  }
  const { creatorId } = wanted;
  const documents = await readKnowledge(wanted.from, { creatorId, origin: 'import' });
  if (documents.length === 0) throw new Error(`Cannot import ${wanted.from}: it holds no .md or .txt file`);
  const config = readConfig(process.env);
  const log = createLog({ name: 'knowledge', level: config.LOG_LEVEL });
  const { NATS_URL: natsUrl, DATA_DIR: dataDir } = config;
  const nc = await connectToRapport({ name: 'knowledge', natsUrl, dataDir, log });
  try {
    const catalog = await openNatsCatalog(nc, log, config.STREAM_REPLICAS);
    const did = await putCreator(catalog, wanted);
    const from = { creatorId, origin: 'import', deleteMissing: wanted.deleteMissing };
    const { written, unchanged, deleted } = await synchroniseDocuments(catalog, documents, from);
    process.stdout.write(
      `${creatorId}: ${did}${written} written, ${unchanged} unchanged, ${deleted} deleted\n`,
    );
    await catalog.close();
    return 0;
  } finally {
    await nc.close();
  }
}

/** Makes the creator, or changes the settings that were given; returns what it did, to be told. */
async function putCreator(catalog: Catalog, { creatorId, settings, parts }: Import): Promise<string> {
  const existing = catalog.creator(creatorId)?.creator;
  if (existing === undefined) checkComplete({ creatorId, settings });
  const changed = withParts({ ...existing, ...settings, creatorId }, parts);
  const { followUp, ...merged } = changed;
  const creator = checkedCreator(followUp === undefined ? merged : { ...merged, followUp });
  if (isDeepStrictEqual(creator, existing)) return '';
  await catalog.putCreator(creator);
  return existing === undefined ? 'created, ' : 'settings changed, ';
}

/** A creator whom no site may embed would be refused at the first visitor, far from here. */
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
