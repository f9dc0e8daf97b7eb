import type { Storage } from './storage.ts';
import type { Surroundings } from './surroundings.ts';
import { claimsOf } from './token.ts';
import { Refusal, Visitor } from './visitor.ts';

export interface TokenSourceOptions {
  readonly url: string;
  readonly creatorId: string;
  /** A person's token, or how to get a fresh one; undefined for a visitor. */
  readonly token: string | (() => Promise<string>) | undefined;
  readonly storage: Promise<Storage>;
  readonly surroundings: Surroundings;
}

/** Where the tokens for hello come from: the caller, or the visitor whom this device knows. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly isVisitor: boolean;
  #visitor: Visitor | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.isVisitor = options.token === undefined;
  }

  /** The person, as far as that is known without asking anybody. */
  async knownUserId(): Promise<string | undefined> {
    const { token, storage } = this.#options;
    const known = token ?? (await (await storage).visitorTokens.kept());
    return typeof known === 'string' ? claimsOf(known)?.userId : undefined;
  }

  /** A token that is not the `refused` one. Throws Refusal. */
  async token(refused: string | undefined): Promise<string> {
    const { token } = this.#options;
    if (token === undefined) return (await this.#known()).token(refused);
    if (typeof token === 'function') return token();
    if (token === refused) throw new Refusal('bad_token', 'The token was refused.');
    return token;
  }

  serverTime(serverTimeMs: number): void {
    this.#visitor?.serverTime(serverTimeMs);
  }

  async #known(): Promise<Visitor> {
    const { url, creatorId, surroundings, storage } = this.#options;
    const { visitorTokens } = await storage;
    this.#visitor ??= new Visitor({ surroundings, url, creatorId, tokens: visitorTokens });
    return this.#visitor;
  }
}
