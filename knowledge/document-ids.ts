import { createHash } from 'node:crypto';
import { basename, extname } from 'node:path';

/** The id of a file in the catalog; `meets` is the file that has the id already. */
export type DocumentId =
  | { readonly path: string; readonly documentId: string }
  | { readonly path: string; readonly meets: string };

/** The longest id that proto/identity.ts allows. */
const idCharsMax = 64;
const hashChars = 8;

/**
 * An id for each path: the file's name, with the folders before it where files of several folders share a
 * name. Where the path's letters are not enough, because others fold to the same id or none is left, a hash
 * of the path follows. Paths come sorted, so that a folder gets the same ids each time.
 */
export function documentIds(paths: readonly string[]): readonly DocumentId[] {
  const files = Map.groupBy(paths, (path) => foldedId(basename(path)));
  const taken = new Map<string, string>();
  return paths.map((path) => {
    const name = foldedId(basename(path));
    const plain = files.get(name)?.length === 1 ? name : foldedId(path);
    const documentId = plain === '' || taken.has(plain) ? hashedId(plain, path) : plain;
    const meets = taken.get(documentId);
    if (meets !== undefined) return { path, meets };
    taken.set(documentId, path);
    return { path, documentId };
  });
}

/** `Sleep basics/Über Naps.md` becomes `sleep-basics-uber-naps`, `睡眠.md` nothing. */
function foldedId(path: string): string {
  const plain = path.slice(0, path.length - extname(path).length).normalize('NFKD');
  const id = plain
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-');
  return id
    .replace(/^[-_]+/, '')
    .slice(0, idCharsMax)
    .replace(/-+$/, '');
}

/** macOS and Linux write accents differently; the id is the same on both. */
function hashedId(plain: string, path: string): string {
  const hash = createHash('sha256').update(path.normalize('NFC')).digest('hex').slice(0, hashChars);
  const head = (plain || 'file').slice(0, idCharsMax - hashChars - 1).replace(/-+$/, '');
  return `${head}-${hash}`;
}
