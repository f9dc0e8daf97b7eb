import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { reasonOf } from '@rapport/runtime/fault.ts';

/** Files that may be knowledge, whatever the case of their ending. */
export const endings: readonly string[] = ['.md', '.markdown', '.txt'];

/** Gets what a folder holds beside the listed files. Paths are relative to the folder. */
export interface FolderReport {
  /** A file or folder that should be read, and cannot be. */
  readonly leaveOut: (path: string, why: string) => void;
  /** A file or folder that is no knowledge: another ending, a dot-folder, node_modules. */
  readonly passOver: (path: string) => void;
}

/**
 * The paths of all files under `folder` that may be knowledge, sorted. Links are followed; a folder that
 * several links lead to, or a link to a folder above, is read once. Throws when `folder` cannot be read.
 */
export async function listFiles(folder: string, report: FolderReport): Promise<readonly string[]> {
  const seen = new Map<string, string>();
  const walk = async (path: string): Promise<readonly string[]> => {
    const real = await realpath(join(folder, path));
    const twin = seen.get(real);
    if (twin !== undefined) throw new Error(`it is the folder ${twin || '.'} again`);
    seen.set(real, path);
    const found: string[] = [];
    for (const name of (await readdir(real)).sort()) found.push(...(await look(join(path, name))));
    return found;
  };
  const look = async (path: string): Promise<readonly string[]> => {
    try {
      const found = await stat(join(folder, path));
      if (!isHidden(path) && found.isDirectory()) return await walk(path);
      if (!isHidden(path) && found.isFile() && endings.includes(extname(path).toLowerCase())) return [path];
      report.passOver(path);
    } catch (failure) {
      report.leaveOut(path, reasonOf(failure));
    }
    return [];
  };
  return (await walk('')).toSorted();
}

function isHidden(path: string): boolean {
  const name = basename(path);
  return name.startsWith('.') || name === 'node_modules';
}
