import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, stop } from 'esbuild';

const folder = import.meta.dirname;
const proto = join(folder, '..', 'proto');

/** The bundle that sites embed. */
export const widgetBundle = join(folder, 'dist', 'widget.js');
/** A script that every page of a site loads must be small; a test holds it to this. */
export const widgetGzipBytesMax = 25 * 1024;

/** Bundles `element.ts` into `dist/widget.js`, unless that is newer than everything it is made of. */
export async function buildWidget(): Promise<void> {
  if (await isFresh()) return;
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'panel/element.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    charset: 'utf8',
    write: false,
  }).finally(stop); // Or esbuild's service process stays for as long as this one.
  await mkdir(join(folder, 'dist'), { recursive: true });
  await writeFile(widgetBundle, outputFiles[0]?.contents ?? '');
}

/** The size as it travels. */
export async function widgetGzipBytes(): Promise<number> {
  return gzipSync(await readFile(widgetBundle)).length;
}

async function isFresh(): Promise<boolean> {
  const built = await modifiedMs(widgetBundle);
  const made = await Promise.all([newestMs(folder), newestMs(proto)]);
  return made.every((ms) => ms < built);
}

async function newestMs(dir: string): Promise<number> {
  const names = (await readdir(dir, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  return Math.max(0, ...(await Promise.all(names.map((name) => modifiedMs(join(dir, name))))));
}

async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildWidget();
  console.log(`widget/dist/widget.js: ${await widgetGzipBytes()} bytes gzipped`);
}
