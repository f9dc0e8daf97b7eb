import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeToken } from '../sdk/token.ts';
import type { VisitorTokens } from '../sdk/visitor.ts';
import { replace } from './outbox-file.ts';

/** Keeps a visitor's token in one file that only its owner can read. Two processes may make two visitors. */
export class FileVisitorTokens implements VisitorTokens {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async kept(): Promise<string | undefined> {
    try {
      return decodeToken((await readFile(this.#path, 'utf8')).trim());
    } catch {
      return undefined;
    }
  }

  async replace(next: (kept: string | undefined) => Promise<string>): Promise<string> {
    const kept = await this.kept();
    const token = await next(kept);
    if (token === kept) return token;
    await mkdir(dirname(this.#path), { recursive: true });
    await replace(this.#path, token);
    return token;
  }
}
