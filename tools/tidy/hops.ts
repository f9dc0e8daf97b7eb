import { type Finding, isCode, isTest, type SourceFile } from './source-file.ts';

const hopLine = /^\/\/ Hop (\d+) of 12(?:, aside)?: ([a-z/-]+) - \S/;
const hopCount = 12;

/** The first lines of files show the way of a message: each hop names its number and its place. */
export function checkHops(files: readonly SourceFile[]): readonly Finding[] {
  const hops = files
    .filter((file) => isCode(file) && !isTest(file))
    .flatMap((file) => {
      const [first = ''] = file.text.split('\n');
      if (!/^\/\/ Hop \d+/.test(first)) return [];
      const [, number = '', place = ''] = hopLine.exec(first) ?? [];
      return [{ file, number: Number(number), place }];
    });
  const misplaced = hops.filter(({ file, place }) => place === '' || !file.path.startsWith(place));
  const numbers = Array.from({ length: hopCount }, (_, at) => at + 1);
  const missing = numbers.filter((number) => !hops.some((hop) => hop.number === number));
  return [
    ...misplaced.map(
      ({ file }) => `${file.path}: the first line should be "// Hop N of 12: <where this file is> - <what>"`,
    ),
    ...missing.map((number) => `No file says it is hop ${number} of ${hopCount}`),
  ];
}
