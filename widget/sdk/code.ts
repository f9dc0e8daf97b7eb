import { codes, isCode, type Retry } from '@rapport/proto/codes.ts';

// What a code means to this client. A newer server may send codes that it does not know: those are retried
// later.

export function retryOf(code: string): Retry {
  return isCode(code) ? codes[code].retry : 'later';
}

export function sentenceOf(code: string): string {
  return isCode(code) ? codes[code].sentence : '';
}

/**
 * The code that travels as this WebSocket close code; `unavailable` for all others, such as a lost network's
 * 1006.
 */
export function codeOfClose(closeCode: number): string {
  for (const [code, entry] of Object.entries(codes)) {
    if ('close' in entry && entry.close === closeCode) return code;
  }
  return 'unavailable';
}
