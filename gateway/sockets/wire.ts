/** The format of a connection: proto3 JSON in text frames, or protobuf in binary ones. */
export type Format = 'json' | 'proto';

/** One encoded Down frame. */
export type Encoded = string | Uint8Array;

/** The outcome of a send. `dropped`: the frame is lost and leaves a hole, so the socket must close. */
export type Sent = 'sent' | 'waiting' | 'dropped';

/**
 * A client's connection as the rest of the gateway sees it. Every call after `end` or `cut` does nothing.
 */
export interface Wire {
  readonly format: Format;
  send(frame: Encoded): Sent;
  /** Runs `writes` so that all their frames leave in one system call. */
  cork(writes: () => void): void;
  /** Bytes taken by `send` that the system has not taken yet. */
  unsentBytes(): number;
  /** Closes in order: what was sent before still arrives. */
  end(closeCode: number, reason: string): void;
  /** Closes at once, without order: the client may miss what was sent before. */
  cut(): void;
}
