import { type Code, codes, type Retry } from '@rapport/proto/codes.ts';

/**
 * A failure of the outside world, with a code of the catalogue. A bug is an assertion, a foreseen outcome a
 * union.
 */
export class Fault extends Error {
  readonly code: Code;
  readonly retry: Retry;

  constructor(code: Code, sentence: string, cause?: unknown) {
    super(sentence, { cause });
    this.name = 'Fault';
    this.code = code;
    this.retry = codes[code].retry;
  }
}

/** Whether the same attempt would fail again, however often it is repeated. */
export function isUnrecoverable(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.retry === 'never';
}

/** The sentence of a thrown value, followed by the sentences of its causes. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause === undefined ? thrown.message : `${thrown.message}: ${reasonOf(thrown.cause)}`;
}

/** The code of an error of the system or of Node, such as ENOENT; undefined when it has none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
