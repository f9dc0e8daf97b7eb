import { type Finding, isCode, isTest, type SourceFile } from './source-file.ts';

const lineCharsMax = 110;
const fileLinesMax = 300;
const testLinesMax = 600;

export function checkLengths(files: readonly SourceFile[]): readonly Finding[] {
  return files.filter(isCode).flatMap((file) => {
    const lines = file.text.trimEnd().split('\n');
    const most = isTest(file) ? testLinesMax : fileLinesMax;
    const long = lines.flatMap((line, at) =>
      line.length > lineCharsMax
        ? [`${file.path}:${at + 1} has ${line.length} characters: ${lineCharsMax} at most`]
        : [],
    );
    return lines.length > most ? [...long, `${file.path} has ${lines.length} lines: ${most} at most`] : long;
  });
}
