import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { checkedDocument } from '@rapport/catalog/checked.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';

/**
 * Every .md and .txt file under `folder` as a document of the creator. A file may begin with front matter
 * (`---`, lines `title: …`, `topic: …`, `url: …`, `---`); a title not given is the first heading or the
 * file's name, a topic not given is the name of the folder it lies in. The file's name is the documentId,
 * with the folders before it where two files share a name.
 */
export async function readKnowledge(
  folder: string,
  options: { readonly creatorId: string; readonly origin: string },
): Promise<readonly KnowledgeDocument[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && ['.md', '.txt'].includes(extname(entry.name)))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const names = paths.map((path) => idOf(basename(path)));
  const documents: KnowledgeDocument[] = [];
  for (const [at, path] of paths.entries()) {
    const name = names[at] ?? '';
    const shared = names.filter((other) => other === name).length > 1;
    const content = await readFile(join(folder, path), 'utf8');
    documents.push(documentOf(path, content, { ...options, documentId: shared ? idOf(path) : name }));
  }
  return documents;
}

function documentOf(
  path: string,
  content: string,
  options: { readonly creatorId: string; readonly documentId: string; readonly origin: string },
): KnowledgeDocument {
  const { fields, text } = splitFrontMatter(content.replaceAll('\r\n', '\n'));
  const heading = /^# +(.+)$/m.exec(text)?.[1];
  const folderName = basename(dirname(path));
  try {
    return checkedDocument({
      creatorId: options.creatorId,
      documentId: options.documentId,
      origin: options.origin,
      title: fields.get('title') ?? heading ?? wordsOf(basename(path, extname(path))),
      url: fields.get('url') ?? '',
      topic: fields.get('topic') ?? (folderName === '.' ? '' : wordsOf(folderName)),
      text: text.trim(),
    });
  } catch (failure) {
    throw new Error(`Cannot read ${path} as a document`, { cause: failure });
  }
}

function splitFrontMatter(content: string): { fields: ReadonlyMap<string, string>; text: string } {
  const [whole, head] = /^---\n([\s\S]*?)\n---(?:\n|$)/.exec(content) ?? [];
  if (whole === undefined || head === undefined) return { fields: new Map(), text: content };
  const fields = head.split('\n').flatMap((line): [string, string][] => {
    const [, name, value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    const plain = value.trim().replace(/^(["'])(.*)\1$/, '$2');
    return name === undefined || plain === '' ? [] : [[name, plain]];
  });
  return { fields: new Map(fields), text: content.slice(whole.length) };
}

/** `Sleep basics/Über Naps.md` becomes `sleep-basics-uber-naps`. */
function idOf(path: string): string {
  const plain = path.slice(0, path.length - extname(path).length).normalize('NFKD');
  const id = plain
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-');
  return id
    .replace(/^[-_]+/, '')
    .slice(0, 64)
    .replace(/-+$/, '');
}

function wordsOf(name: string): string {
  const words = name.replace(/[-_]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
