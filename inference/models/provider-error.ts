import { reasonOf } from '@rapport/runtime/fault.ts';

/** Enough to see what is wrong; the rest of a provider's error is often a page of HTML, or the request again. */
const errorCharsMax = 300;
/** Read before anything is struck out, so that the work is bounded whatever the provider sends. */
const readCharsMax = 4_000;
/** A shorter piece of a text is found in any other text. */
const pieceChars = 10;

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

/** Takes time by the length of the text and of the secrets together. */
function struckOut(text: string, secrets: readonly string[]): string {
  const placesOf = new Map<string, number[]>();
  for (let at = 0; at + pieceChars <= text.length; at += 1) {
    const piece = text.slice(at, at + pieceChars);
    const places = placesOf.get(piece) ?? [];
    placesOf.set(piece, places);
    places.push(at);
  }
  const secret = new Uint8Array(text.length);
  for (const each of secrets) {
    for (let at = 0; at + pieceChars <= each.length; at += 1) {
      const piece = each.slice(at, at + pieceChars);
      for (const place of placesOf.get(piece) ?? []) secret.fill(1, place, place + pieceChars);
      placesOf.delete(piece); // Its places are struck out: to do so again for a repeated text would take long.
    }
  }
  const short = secrets.filter((each) => each.length > 2 && each.length < pieceChars);
  return short.reduce((rest, each) => rest.replaceAll(each, '…'), withoutMarked(text, secret));
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
