import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A full log file is renamed to `.1`, and replaces the file of that name. */
const logBytesMax = 32 * 1024 * 1024;

/**
 * Appends lines to a file that only its owner can read, and that never grows beyond its limit. Lines are
 * written at once, because buffered ones would be lost when this process is killed. A line that the disk
 * refuses is dropped, so that the processes go on; the next line that is written comes after a count of the
 * dropped ones.
 */
export class LogFile {
  readonly #path: string;
  #bytes: number;
  #missing = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#path = path;
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  write(line: string): void {
    try {
      if (this.#missing > 0)
        this.#append(`${this.#missing} lines are missing here: they could not be written.`);
      this.#missing = 0;
      this.#append(line);
    } catch {
      this.#missing += 1;
    }
  }

  #append(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#bytes + bytes > logBytesMax && this.#bytes > 0) {
      renameSync(this.#path, `${this.#path}.1`);
      this.#bytes = 0;
    }
    appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
    this.#bytes += bytes;
  }
}
