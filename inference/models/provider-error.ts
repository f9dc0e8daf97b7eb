import { reasonOf } from '@rapport/runtime/fault.ts';

/**
 * Enough to see what is wrong; the rest of a provider's error is often a page of HTML, or the request again.
 */
const errorCharsMax = 300;
/** Read before anything is struck out, so that the work is bounded whatever the provider sends. */
const readCharsMax = 4_000;
/** A text shares a shorter piece with any other text. */
const pieceChars = 8;

/**
 * An endpoint's failure as a sentence that may be logged: pieces of `secrets` (the API key, what the endpoint
 * was sent) are struck out, because many endpoints repeat them, and it is cut.
 */
export function providerError(failure: unknown, secrets: readonly string[]): Error {
  const said = reasonOf(failure).slice(0, readCharsMax);
  const clean = struckOut(said, secrets).replace(/\s+/g, ' ');
  return new Error(
    clean.length > errorCharsMax ? `${clean.slice(0, errorCharsMax - 1).toWellFormed()}…` : clean,
  );
}

/**
 * Takes time by the length of the text and of the secrets together. It finds every run of a secret of at
 * least 15 characters, because such a run has one of the secret's pieces of 8 in it.
 */
function struckOut(text: string, secrets: readonly string[]): string {
  const placesOf = placesOfPieces(text);
  const marked = new Uint8Array(text.length);
  for (const secret of secrets) {
    for (let at = 0; at + pieceChars <= secret.length; at += pieceChars) {
      const piece = secret.slice(at, at + pieceChars);
      for (const place of placesOf.get(piece) ?? []) markRun(marked, { text, place, secret, at });
      placesOf.delete(piece); // Once is enough: a repeated text would take long.
    }
  }
  const short = secrets.filter((each) => each.length > 2 && each.length < 2 * pieceChars);
  return short.reduce((rest, each) => rest.replaceAll(each, '…'), withoutMarked(text, marked));
}

function placesOfPieces(text: string): Map<string, number[]> {
  const placesOf = new Map<string, number[]>();
  for (let at = 0; at + pieceChars <= text.length; at += 1) {
    const piece = text.slice(at, at + pieceChars);
    const places = placesOf.get(piece) ?? [];
    placesOf.set(piece, places);
    places.push(at);
  }
  return placesOf;
}

/** Marks all that text and secret share around a place where they have the same piece. */
function markRun(
  marked: Uint8Array,
  same: { readonly text: string; readonly place: number; readonly secret: string; readonly at: number },
): void {
  const { text, place, secret, at } = same;
  if (marked[place] === 1 && marked[place + pieceChars - 1] === 1) return;
  let before = 0;
  while (before < Math.min(place, at) && text[place - before - 1] === secret[at - before - 1]) before += 1;
  let length = pieceChars;
  while (place + length < text.length && text[place + length] === secret[at + length]) length += 1;
  marked.fill(1, place - before, place + length);
}

/** The text with `…` in the place of each run of marked units. */
function withoutMarked(text: string, marked: Uint8Array): string {
  const kept: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = marked.indexOf(marked[at] === 1 ? 0 : 1, at);
    const until = end < 0 ? text.length : end;
    kept.push(marked[at] === 1 ? '…' : text.slice(at, until));
    at = until;
  }
  return kept.join('');
}
