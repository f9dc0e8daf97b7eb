/** Bytes of records, as the log has them, that all partitions of a host hold together. */
const hostBytesMax = 8 * 1024 * 1024;

/** What one partition holds of the host's read-ahead. */
export interface Reserve {
  readonly bytes: number;
  /** Counts a record that was read. Resolves when the partition may read the next one. */
  hold(bytes: number): Promise<void>;
  /** A record was processed. */
  release(bytes: number): void;
  /** The partition reads no more: what it held is free, and `hold` resolves. */
  close(): void;
}

interface Reader {
  bytes: number;
  /** Lets the partition read on; undefined while it does not wait. */
  go: (() => void) | undefined;
}

/**
 * How far ahead the partitions of a host may read. Records are bounded by their bytes and not by their
 * number, because after an outage of the store each record carries as much as an append may: hundreds of
 * kilobytes. Partitions share the bytes evenly. A partition that holds nothing always may read one record,
 * so that each goes on, however many there are.
 */
export class ReadAhead {
  readonly #bytesMax: number;
  readonly #readers = new Set<Reader>();
  #bytes = 0;

  constructor(bytesMax = hostBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Of all partitions. */
  get bytes(): number {
    return this.#bytes;
  }

  open(): Reserve {
    const reader: Reader = { bytes: 0, go: undefined };
    this.#readers.add(reader);
    return {
      get bytes() {
        return reader.bytes;
      },
      hold: (bytes) => this.#hold(reader, bytes),
      release: (bytes) => this.#release(reader, bytes),
      close: () => this.#close(reader),
    };
  }

  async #hold(reader: Reader, bytes: number): Promise<void> {
    if (!this.#readers.has(reader)) return; // It is closed: nothing would release the record.
    reader.bytes += bytes;
    this.#bytes += bytes;
    if (this.#mayRead(reader)) return;
    await new Promise<void>((resolve) => {
      reader.go = resolve;
    });
  }

  #release(reader: Reader, bytes: number): void {
    if (!this.#readers.has(reader)) return; // Its bytes are free already.
    reader.bytes -= bytes;
    this.#bytes -= bytes;
    this.#wake();
  }

  #close(reader: Reader): void {
    this.#release(reader, reader.bytes);
    this.#readers.delete(reader);
    this.#wake(); // The others share what it held.
    reader.go?.();
  }

  #mayRead({ bytes }: Reader): boolean {
    const share = this.#bytesMax / this.#readers.size;
    return bytes === 0 || (bytes < share && this.#bytes < this.#bytesMax);
  }

  #wake(): void {
    for (const reader of this.#readers) {
      if (reader.go === undefined || !this.#mayRead(reader)) continue;
      const { go } = reader;
      reader.go = undefined;
      go();
    }
  }
}
