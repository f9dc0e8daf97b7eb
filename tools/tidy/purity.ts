import { posix } from 'node:path';
import { type Finding, importsOf, isTest, type SourceFile, withoutComments } from './source-file.ts';

const pureFolder = 'actors/conversation/';
const impure: readonly RegExp[] = [
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bprocess\b/,
  /\bperformance\b/,
  /\bcrypto\b/,
  /\bconsole\b/,
  /\bfetch\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bawait\b/,
  /\basync\b/,
  /\bPromise\b/,
];

/**
 * The conversation actor is a pure function: it imports proto, itself and zod, which describes settings of
 * its parts, and nothing that could give two results for one input.
 */
export function checkPurity(files: readonly SourceFile[]): readonly Finding[] {
  const pure = files.filter((file) => file.path.startsWith(pureFolder) && !isTest(file));
  return pure.flatMap((file) => {
    const foreign = importsOf(file.text).filter((specifier) => !isPure(file.path, specifier));
    const code = withoutComments(file.text);
    const words = impure.filter((word) => word.test(code));
    return [
      ...foreign.map((specifier) => `${file.path} imports ${specifier}: it may import proto, zod and itself`),
      ...words.map((word) => `${file.path} mentions ${word.source.replaceAll('\\b', '')}: it must be pure`),
    ];
  });
}

function isPure(path: string, specifier: string): boolean {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier).startsWith(pureFolder);
  return specifier === 'zod' || specifier.startsWith('@rapport/proto/');
}
