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
 * The conversation actor is a pure function: it imports the words and itself, and nothing that could differ
 * twice.
 */
export function checkPurity(files: readonly SourceFile[]): readonly Finding[] {
  const pure = files.filter((file) => file.path.startsWith(pureFolder) && !isTest(file));
  return pure.flatMap((file) => {
    const foreign = importsOf(file.text).filter((specifier) => !/^(\.\/|@rapport\/proto\/)/.test(specifier));
    const code = withoutComments(file.text);
    const words = impure.filter((word) => word.test(code));
    return [
      ...foreign.map((specifier) => `${file.path} imports ${specifier}: it may import proto and itself`),
      ...words.map((word) => `${file.path} mentions ${word.source.replaceAll('\\b', '')}: it must be pure`),
    ];
  });
}
