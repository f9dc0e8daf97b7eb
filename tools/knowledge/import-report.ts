import { endings, type FolderReport } from '@rapport/knowledge/list-files.ts';

/** The most names in the line about files that are no knowledge; the others are counted. */
const namesMax = 5;

/** The files of a folder that an import did not take, as text for people. */
export class ImportReport implements FolderReport {
  readonly #leftOut: string[] = [];
  readonly #passedOver: string[] = [];

  leaveOut = (path: string, why: string): void => {
    this.#leftOut.push(`left out ${path}: ${why}`);
  };

  passOver = (path: string): void => {
    this.#passedOver.push(path);
  };

  /** Whether no file was left out. */
  get isWhole(): boolean {
    return this.#leftOut.length === 0;
  }

  /** A line for each file that was left out. */
  get leftOutText(): string {
    return this.#leftOut.map((line) => `${line}\n`).join('');
  }

  /** One line for all files that are no knowledge; empty when there are none. */
  get passedOverText(): string {
    const count = this.#passedOver.length;
    if (count === 0) return '';
    const names = this.#passedOver.slice(0, namesMax).join(', ');
    const more = count > namesMax ? ` and ${count - namesMax} more` : '';
    return `not read, because only ${endings.join(', ')} files are: ${names}${more}\n`;
  }
}
