import type { RandomBytes } from './uuid.ts';

/** The world as the client needs it, handed in so that a test brings its own. */
export interface Surroundings {
  /** Milliseconds since 1970, for what people read. A person or a time server may set it at any moment. */
  nowMs(): number;
  /** Milliseconds since some moment; it never goes back. Everything that measures a duration uses it. */
  monotonicMs(): number;
  /** Calls `ring` once after `ms`; the returned function prevents it. */
  after(ms: number, ring: () => void): () => void;
  readonly randomBytes: RandomBytes;
  readonly fetch: typeof globalThis.fetch;
  openSocket(url: string, subprotocol: string): Socket;
  /**
   * Calls back when the network went or came, or when a person looks again; the returned function ends it.
   */
  watch(on: (change: 'offline' | 'online' | 'visible') => void): () => void;
  /** False while nobody can see the page. */
  visible(): boolean;
}

/**
 * The longest wait that a server's answer may ask for. A longer one would look like a client that is gone.
 */
export const waitMostMs = 120_000;

/** A wait that came over the wire, as it is kept: `setTimeout` rings at once for what exceeds 2^31 ms. */
export function boundedWait(ms: number): number {
  return Math.min(Math.max(0, ms), waitMostMs);
}

/** The part of WebSocket that is used; browsers' and Node 22's both fit. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onerror: ((event: Event) => void) | null;
}

/** The real world, of a browser or of Node 22. */
export function systemSurroundings(): Surroundings {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (ms, ring) => {
      const timer = setTimeout(ring, ms);
      return () => clearTimeout(timer);
    },
    randomBytes: (bytes) => crypto.getRandomValues(bytes),
    fetch: (input, init) => fetch(input, init),
    openSocket: (url, subprotocol) => new WebSocket(url, subprotocol),
    watch: typeof document === 'undefined' ? () => () => {} : watchPage,
    visible: () => typeof document === 'undefined' || document.visibilityState === 'visible',
  };
}

function watchPage(on: (change: 'offline' | 'online' | 'visible') => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  addEventListener('offline', () => on('offline'), { signal });
  addEventListener('online', () => on('online'), { signal });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') on('visible');
    },
    { signal },
  );
  return () => ending.abort();
}
