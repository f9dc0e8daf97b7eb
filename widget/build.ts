import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, stop } from 'esbuild';

const folder = import.meta.dirname;
const proto = join(folder, '..', 'proto');

/**
 * The bundle that sites embed. Beside it stand `widget.js.gz` and `widget.js.br`: the same bytes,
 * compressed.
 */
export const widgetBundle = join(folder, 'dist', 'widget.js');
/** Every page of a site loads the script, so it must stay small; a test holds it to this. */
export const widgetGzipBytesMax = 25 * 1024;

/** Bundles `panel/element.ts` into `dist/widget.js`, unless that is newer than all of its sources. */
export async function buildWidget(): Promise<void> {
  if (await isFresh()) return;
  // An `iife` runs the same as a classic script and as a module, and leaves nothing in the page's scope.
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'panel', 'element.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    charset: 'utf8',
    write: false,
  }).finally(stop); // Without this, esbuild's service process lives as long as this one.
  const script = Buffer.from(outputFiles[0]?.contents ?? '');
  await mkdir(join(folder, 'dist'), { recursive: true });
  await replace(`${widgetBundle}.gz`, gzipSync(script, { level: 9 }));
  await replace(`${widgetBundle}.br`, brotli(script));
  // Last, because its age decides whether a build is due: a build that was cut off is done again.
  await replace(widgetBundle, script);
}

/** The size as it travels with gzip. */
export async function widgetGzipBytes(): Promise<number> {
  return (await readFile(`${widgetBundle}.gz`)).length;
}

function brotli(bytes: Buffer): Buffer {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_MAX_QUALITY } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: BROTLI_MAX_QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params });
}

/** A gateway may read the file at any moment, so it is never half written. */
async function replace(path: string, bytes: Buffer): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, bytes);
  await rename(draft, path);
}

async function isFresh(): Promise<boolean> {
  const outputs = [widgetBundle, `${widgetBundle}.gz`, `${widgetBundle}.br`];
  const built = Math.min(...(await Promise.all(outputs.map(modifiedMs))));
  const made = await Promise.all([newestMs(folder), newestMs(proto)]);
  return made.every((ms) => ms < built);
}

/** When the newest source below `dir` changed. */
async function newestMs(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true });
  const sources = entries.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  return Math.max(0, ...(await Promise.all(sources.map((name) => modifiedMs(join(dir, name))))));
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
