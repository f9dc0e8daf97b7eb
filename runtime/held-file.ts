import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { systemCodeOf } from './fault.ts';

/** The content of a file, as it was read last. */
export interface Held {
  readonly modifiedMs: number;
  readonly body: Buffer;
  /** The same for the same bytes: 22 characters of their SHA-256 in base64url. */
  readonly hash: string;
}

/** A file that is kept in memory and read again when it changes. */
export class HeldFile {
  readonly #path: string;
  #held: Held | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined while there is no such file. */
  async read(): Promise<Held | undefined> {
    try {
      const { mtimeMs: modifiedMs } = await stat(this.#path);
      if (this.#held?.modifiedMs === modifiedMs) return this.#held;
      const body = await readFile(this.#path);
      this.#held = { modifiedMs, body, hash: hashOf(body) };
      return this.#held;
    } catch (failure) {
      if (systemCodeOf(failure) === 'ENOENT') return undefined;
      throw failure;
    }
  }
}

export function hashOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
}
