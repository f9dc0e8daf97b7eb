import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratch } from '../scratch.ts';
import { program, root, type Step } from './step.ts';

/** What every commit has to pass beside the tests. */
export const checks: readonly Step[] = [
  {
    name: 'format and rules (biome)',
    run: () => program('biome', ['check', '--error-on-warnings', '--diagnostic-level=warn']),
  },
  { name: 'types (tsc)', run: () => program('tsc', []) },
  { name: 'schema (buf lint)', run: () => program('buf', ['lint'], { cwd: join(root, 'proto') }) },
  { name: 'generated code is what the schema gives (buf)', run: compareGenerated },
  { name: 'nothing unused (knip)', run: () => program('knip', []) },
];

/** Generates into a scratch folder and compares the result with the committed files. */
async function compareGenerated(): Promise<string> {
  const scratch = await makeScratch('gen');
  try {
    await program('buf', ['generate', '--output', scratch.path], { cwd: join(root, 'proto') });
    const different = differences(
      await contents(join(root, 'proto/gen')),
      await contents(join(scratch.path, 'gen')),
    );
    if (different.length === 0) return '';
    throw new Error(`proto/gen is not what the schema gives: ${different.join(', ')}. Run: npm run generate`);
  } finally {
    await scratch.remove();
  }
}

/** Path -> text of every file in a folder. */
async function contents(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = paths.map(
    async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const,
  );
  return new Map(await Promise.all(texts));
}

/** The paths that only one of the two has, or whose text differs. */
export function differences(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...one.keys(), ...other.keys()]);
  return [...paths].filter((path) => one.get(path) !== other.get(path)).sort();
}
