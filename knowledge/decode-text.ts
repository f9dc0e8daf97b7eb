/** The text of a file, or the reason why there is none. */
export type Decoded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

/**
 * Reads UTF-8, and UTF-16 that begins with a byte order mark. Other encodings are refused: they cannot be
 * told from each other, and a wrong guess would put garbage into answers.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    if (text.includes('\0')) return { ok: false, why: 'it holds NUL characters, so it is no text' };
    return { ok: true, text: text.replace(/\r\n?/g, '\n') };
  } catch {
    return { ok: false, why: 'it is neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8' };
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
