import { codes, isCode, type Retry } from '@rapport/proto/codes.ts';

// The meaning of codes for this client. A newer server may send codes that the client does not know: they
// are retried later.

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
