/** C0 without newline and tab, DEL, C1; and the marks that turn the direction of everything after them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text that a terminal only shows. An escape sequence in an answer could clear the screen, rename the
 * window, or make the terminal type for the person; each control character becomes a picture of itself.
 */
export function harmless(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(harmful, pictureOf);
}

/** Unicode has pictures for C0 and DEL. */
function pictureOf(control: string): string {
  const unit = control.charCodeAt(0);
  if (unit < 0x20) return String.fromCharCode(0x2400 + unit);
  return unit === 0x7f ? '\u2421' : '\ufffd';
}
