import { basename, dirname, extname } from 'node:path';
import { checkedDocument } from '@rapport/catalog/checked.ts';
import { documentSchema, type KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { decodeText } from './decode-text.ts';
import { firstHeading } from './first-heading.ts';
import { splitFrontMatter } from './front-matter.ts';

/** A message of NATS holds a mebibyte, and a document has to fit into one message as JSON. */
const documentBytesMax = 1_000_000;
const { title: titleSchema, topic: topicSchema, text: textSchema } = documentSchema.shape;

export type ReadDocument =
  | { readonly ok: true; readonly document: KnowledgeDocument }
  | { readonly ok: false; readonly why: string };

export interface DocumentPlace {
  readonly creatorId: string;
  readonly documentId: string;
  readonly origin: string;
}

/** Makes a document of a file's bytes, or says why it cannot be one. `path` is relative to the import. */
export function readDocument(
  path: string,
  bytes: Uint8Array,
  { creatorId, documentId, origin }: DocumentPlace,
): ReadDocument {
  const decoded = decodeText(bytes);
  if (!decoded.ok) return decoded;
  const { fields, text } = splitFrontMatter(decoded.text);
  const reason = unfit(text);
  if (reason !== undefined) return { ok: false, why: reason };
  try {
    const document = checkedDocument({ creatorId, documentId, origin, ...headOf(path, fields, text), text });
    const size = Buffer.byteLength(JSON.stringify(document));
    if (size <= documentBytesMax) return { ok: true, document };
    return { ok: false, why: `it has ${counted(size)} bytes as JSON, ${counted(documentBytesMax)} at most` };
  } catch (failure) {
    return { ok: false, why: reasonOf(failure).replace(/\s+/g, ' ') };
  }
}

function unfit(text: string): string | undefined {
  const charsMax = textSchema.maxLength ?? 0;
  if (text === '') return 'it is empty';
  if (text.length > charsMax)
    return `it has ${counted(text.length)} characters, ${counted(charsMax)} at most`;
  return undefined;
}

/** The first heading, the file's name and its folder's name stand in for absent front matter. */
function headOf(path: string, fields: ReadonlyMap<string, string>, text: string) {
  const folderName = basename(dirname(path));
  const title = firstHeading(text) ?? wordsOf(basename(path, extname(path)));
  const topic = folderName === '.' ? '' : wordsOf(folderName);
  return {
    title: fields.get('title') ?? cut(title, titleSchema.maxLength),
    url: fields.get('url') ?? '',
    topic: fields.get('topic') ?? cut(topic, topicSchema.unwrap().maxLength),
  };
}

function wordsOf(name: string): string {
  const words = name.replace(/[-_]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Cuts to a length, but not between the two halves of a character. */
function cut(words: string, charsMax: number | null): string {
  return words.slice(0, charsMax ?? words.length).replace(/[\ud800-\udbff]$/, '');
}

/** `262144` as people read it: `262,144`. */
export function counted(count: number): string {
  return count.toLocaleString('en-US');
}
