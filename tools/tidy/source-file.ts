import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the project; `path` is from the root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One sentence for a broken rule: the file, what it has, and what it should have. */
export type Finding = string;

const skipped: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.data',
  '.tools',
  'dist',
  'build',
  'coverage',
]);
const readable =
  /\.(ts|js|json|md|proto|ya?ml|html|css|sh|example)$|^(\.ci\/.*|\.npmrc|\.gitignore|Dockerfile)$/;

/** Every text file of the project that a person wrote: none that is installed, built or fetched. */
export function projectFiles(root: string): readonly SourceFile[] {
  return walk(root, '').map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function walk(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() && readable.test(path) ? [path] : [];
  });
}

export function isCode({ path }: SourceFile): boolean {
  return /\.(ts|js)$/.test(path) && !isGenerated(path);
}

/** Tests, benches and their fixtures, which may do more than the code that they try. */
export function isTest({ path }: SourceFile): boolean {
  return /(\.(test|contract|bench)|(^|-|\/)fixture)\.ts$/.test(path);
}

function isGenerated(path: string): boolean {
  return path.startsWith('proto/gen/');
}

/** The text without comments, for rules about what the code does; the lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
}

/** The module names that a file imports, as written. */
export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text);
  const statements = code.matchAll(
    /^(?:import\s+|(?:import|export|\})[^'"\n]*\bfrom\s+)['"]([^'"\n]+)['"]/gm,
  );
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]/g);
  return [...statements, ...calls].map(([, specifier = '']) => specifier);
}
