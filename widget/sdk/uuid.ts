/** Fills `bytes` with randomness fit for ids. `crypto.randomUUID` would be missing on pages without https. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** A random UUID (RFC 9562 version 4): a device. */
export function uuid4(random: RandomBytes): string {
  return format(random(new Uint8Array(16)), 4);
}

/** A UUID that sorts by time (RFC 9562 version 7): a say. */
export function uuid7(nowMs: number, random: RandomBytes): string {
  const bytes = random(new Uint8Array(16));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  return format(bytes, 7);
}

function format(bytes: Uint8Array, version: number): string {
  const hex = [...bytes].map((byte, at) => {
    const value = at === 6 ? (byte & 0x0f) | (version << 4) : at === 8 ? (byte & 0x3f) | 0x80 : byte;
    return value.toString(16).padStart(2, '0');
  });
  const part = (from: number, to: number) => hex.slice(from, to).join('');
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}-${part(8, 10)}-${part(10, 16)}`;
}
