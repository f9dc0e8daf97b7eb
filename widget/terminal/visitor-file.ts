import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { VisitorTokens } from '../sdk/visitor.ts';
import { replace } from './outbox-file.ts';

/** Keeps a visitor's token in one file, readable by its owner only. */
export class FileVisitorTokens implements VisitorTokens {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async kept(): Promise<string | undefined> {
    try {
      return (await readFile(this.#path, 'utf8')).trim() || undefined;
    } catch {
      return undefined;
    }
  }

  async replace(refused: string | undefined, make: () => Promise<string>): Promise<string> {
    const kept = await this.kept();
    if (kept !== undefined && kept !== refused) return kept;
    const token = await make();
    await mkdir(dirname(this.#path), { recursive: true });
    await replace(this.#path, token);
    return token;
  }
}
