import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { documentIds } from './document-ids.ts';
import { type FolderReport, listFiles } from './list-files.ts';
import { counted, type DocumentPlace, type ReadDocument, readDocument } from './read-document.ts';

/** More than any text that a document may have, in any encoding: a larger file is not even read. */
const fileBytesMax = 1024 * 1024;

export interface KnowledgeOptions {
  readonly creatorId: string;
  /** A mark on the documents: a later import deletes only documents of the same origin. */
  readonly origin: string;
  /** Gets the files that are not read. Without it, a file that cannot be used throws. */
  readonly report?: FolderReport;
}

/**
 * Every .md, .markdown and .txt file under `folder` as a document of the creator. A file may begin with front
 * matter (`title`, `topic`, `url`). Without it, the title is the first heading or the file's name, and the
 * topic is the name of the folder that holds the file.
 */
export async function readKnowledge(
  folder: string,
  { report = strict, ...options }: KnowledgeOptions,
): Promise<readonly KnowledgeDocument[]> {
  const documents: KnowledgeDocument[] = [];
  for (const { path, ...id } of documentIds(await listFiles(folder, report))) {
    const read =
      'meets' in id
        ? { ok: false as const, why: `its name makes the same id as ${id.meets}; rename one of them` }
        : await readIn(folder, path, { ...options, ...id });
    if (read.ok) documents.push(read.document);
    else report.leaveOut(path, read.why);
  }
  return documents;
}

async function readIn(folder: string, path: string, place: DocumentPlace): Promise<ReadDocument> {
  try {
    const { size } = await stat(join(folder, path));
    if (size > fileBytesMax)
      return { ok: false, why: `it has ${counted(size)} bytes, ${counted(fileBytesMax)} at most` };
    return readDocument(path, await readFile(join(folder, path)), place);
  } catch (failure) {
    return { ok: false, why: reasonOf(failure) };
  }
}

const strict: FolderReport = {
  leaveOut: (path, why) => {
    throw new Error(`Cannot read ${path} as a document: ${why}`);
  },
  passOver: () => {},
};
