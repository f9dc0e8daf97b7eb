import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log file that is full becomes `.1`, in the place of the one before. */
const logBytesMax = 32 * 1024 * 1024;

/**
 * Appends lines to a file that never grows beyond its limit. Written at once: a log that dies with us is
 * none. What the disk refuses is left out, for those who log have to go on; the next line that it takes
 * comes after one that counts the missing.
 */
export class LogFile {
  readonly #path: string;
  #bytes: number;
  #missing = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
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
    appendFileSync(this.#path, `${line}\n`);
    this.#bytes += bytes;
  }
}
