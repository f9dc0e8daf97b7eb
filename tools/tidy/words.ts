import { basename } from 'node:path';
import { type Finding, isCode, isTest, type SourceFile, withoutComments } from './source-file.ts';

/** Names that say nothing about the content of a file. */
const emptyNames = /^(utils?|helpers?|common|misc|types|interfaces|manager|index)$/;
const emptySuffix = /-(utils?|helpers?|manager)$/;
/** A note for later that names no issue would be forgotten. */
const forgotten = /\b(TODO|FIXME|XXX|HACK)\b(?!\(.+\))/;
/** Hosts of registries and folders differ on every machine, so they have no place in the project. */
const foreignPlaces = /\b(registry|proxy)\.\w+\.(org|com)\b|\bpythonhosted\b|\bpypi\.\w+\b|\/(work|root)\//;

export function checkWords(files: readonly SourceFile[]): readonly Finding[] {
  // The rules have to name the words that they forbid.
  return files.filter(({ path }) => !path.startsWith('tools/tidy/')).flatMap(wordsOf);
}

function wordsOf(file: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  const stem = basename(file.path).replace(/\..*$/, '');
  if (isCode(file) && (emptyNames.test(stem) || emptySuffix.test(stem))) {
    findings.push(`${file.path}: name the file after the one thing it exports`);
  }
  file.text.split('\n').forEach((line, at) => {
    const todo = forgotten.exec(line);
    if (todo !== null) findings.push(`${file.path}:${at + 1} has ${todo[0]} without an issue's subject`);
    const place = foreignPlaces.exec(line);
    if (place !== null) findings.push(`${file.path}:${at + 1} names ${place[0]}`);
  });
  return findings;
}

/**
 * Only config.ts reads the environment. A main.ts hands it over whole, and code that starts a program may
 * pass it on; tools/ and loadtest/ make the environments of the processes that they start.
 */
export function checkEnvironment(files: readonly SourceFile[]): readonly Finding[] {
  const bound = files.filter(
    (file) =>
      isCode(file) &&
      !isTest(file) &&
      !/^(tools|loadtest)\//.test(file.path) &&
      !file.path.endsWith('config.ts'),
  );
  return bound.flatMap(({ path, text }) => {
    const code = withoutComments(text).replace(
      /\.\.\.process\.env\b|\bread[A-Z]\w*\((\w+, )?process\.env\)/g,
      '',
    );
    return code.includes('process.env') ? [`${path} reads process.env: only config.ts does`] : [];
  });
}
