// Hop 2 of 12: gateway/sockets/socket - WebSockets; with exchange.ts the only file that knows uWebSockets.js.

import './library-config.ts';
import * as uWS from 'uWebSockets.js';
import type { CloseCode } from '@rapport/proto/codes.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import { freePort } from '@rapport/runtime/free-port.ts';
import { type Begin, exchange, linesOf, type RequestHead, remoteAddressOf } from './exchange.ts';
import { headersOf, malformedBy } from './header-lines.ts';
import type { Peer, Session } from './session.ts';
import type { Encoded, Format, Sent, Wire } from './wire.ts';

// The library has this switch and does not declare it.
declare module 'uWebSockets.js' {
  function _cfg(name: 'silent'): void;
}

/** The rest of the gateway, as the sockets see it. */
export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  readonly peerOf: (head: Pick<RequestHead, 'headers' | 'address'>) => Peer;
  readonly open: (wire: Wire, peer: Peer) => Session;
  /** Whether a frame of so many bytes is read at all. */
  readonly admits: (session: Session, bytes: number) => boolean;
  readonly take: (session: Session, sent: string | Uint8Array) => void;
  readonly drained: (session: Session) => void;
  readonly closed: (session: Session) => void;
  /**
   * Refuses a connection with a close code. Browsers do not show the HTTP status of a refused upgrade, so the
   * socket is opened first.
   */
  readonly refuse: (session: Session, code: CloseCode) => void;
  /** Begins to answer an HTTP request. */
  readonly begin: Begin;
}

export interface Listening {
  readonly port: number;
  /** Takes no more connections; those that are open stay. */
  stopListening(): void;
  /** Ends whatever is left. */
  close(): void;
}

/**
 * A frame up to this much above the limit is answered with a fault; a larger one closes the socket at once.
 */
const oversizedFrameBytes = 64 * 1024;
/**
 * Bytes that may wait above `unsentBytesMax` before uWebSockets.js drops a frame: receipts, and one history
 * frame.
 */
const backpressureSlackBytes = 1024 * 1024;

const formats: Readonly<Record<string, Format>> = { 'rapport.v1.json': 'json', 'rapport.v1.proto': 'proto' };

/** The user data of a socket. `opening` is dropped when the socket is open. */
interface Slot {
  readonly wire: SocketWire;
  opening: { readonly peer: Peer; readonly known: boolean } | undefined;
}

export async function listen(options: SocketOptions): Promise<Listening> {
  uWS._cfg('silent'); // Or each answer names the library and its version.
  const app = uWS.App();
  app.ws<Slot>('/v1/ws', behavior(options));
  app.any('/*', (response, request) => exchange(response, request, options.begin));
  // Only a port that was bound by its number can be bound again while old connections linger in TIME_WAIT.
  const port = options.port === 0 ? await freePort(options.host) : options.port;
  const socket = await new Promise<uWS.us_listen_socket>((resolve, reject) => {
    app.listen(options.host, port, (listening) => {
      if (listening) resolve(listening);
      else reject(new Error(`Cannot listen on ${options.host}:${port}: another program may use it`));
    });
  });
  return {
    port: uWS.us_socket_local_port(socket),
    stopListening: () => uWS.us_listen_socket_close(socket),
    close: () => app.close(),
  };
}

function behavior(options: SocketOptions): uWS.WebSocketBehavior<Slot> {
  const { limits } = options;
  return {
    maxPayloadLength: limits.frameBytesMax + oversizedFrameBytes,
    maxBackpressure: limits.unsentBytesMax + backpressureSlackBytes,
    closeOnBackpressureLimit: false,
    // uWebSockets.js pings shortly before; it counts in steps of four seconds, from eight.
    idleTimeout: Math.min(960, Math.max(8, Math.ceil(limits.pingMs / 4_000) * 4)),
    sendPingsAutomatically: true,
    compression: 0,
    upgrade: (response, request, context) => {
      const lines = linesOf(request);
      if (malformedBy(lines) !== undefined) {
        exchange(response, request, options.begin);
        return;
      }
      const peer = options.peerOf({ headers: headersOf(lines), address: remoteAddressOf(response) });
      upgrade(response, request, { context, peer });
    },
    open: (socket) => {
      const { wire, opening } = socket.getUserData();
      if (opening === undefined) return;
      socket.getUserData().opening = undefined;
      wire.opened(socket);
      wire.session = options.open(wire, opening.peer);
      if (!opening.known && wire.session !== undefined) options.refuse(wire.session, 'bad_subprotocol');
    },
    message: (socket, message, isBinary) => {
      const { session } = socket.getUserData().wire;
      if (session === undefined || !options.admits(session, message.byteLength)) return;
      // The bytes are gone after the first await, so they are copied here.
      options.take(session, isBinary ? new Uint8Array(message) : Buffer.from(message).toString());
    },
    drain: (socket) => {
      const { session } = socket.getUserData().wire;
      if (session !== undefined) options.drained(session);
    },
    close: (socket) => {
      const { wire } = socket.getUserData();
      const { session } = wire;
      wire.gone();
      if (session !== undefined) options.closed(session);
    },
  };
}

/** Takes the first known subprotocol. Without one the socket is opened only to be refused with a code. */
function upgrade(
  response: uWS.HttpResponse,
  request: uWS.HttpRequest,
  { context, peer }: { readonly context: uWS.us_socket_context_t; readonly peer: Peer },
): void {
  const asked = request
    .getHeader('sec-websocket-protocol')
    .split(',')
    .map((name) => name.trim());
  const known = asked.find((name) => Object.hasOwn(formats, name));
  const wire = new SocketWire(formats[known ?? ''] ?? 'json');
  const slot: Slot = { wire, opening: { peer, known: known !== undefined } };
  response.upgrade(
    slot,
    request.getHeader('sec-websocket-key'),
    known ?? asked[0] ?? '',
    request.getHeader('sec-websocket-extensions'),
    context,
  );
}

/** A socket of uWebSockets.js, which must not be touched once it is closed. */
class SocketWire implements Wire {
  readonly format: Format;
  session: Session | undefined;
  #socket: uWS.WebSocket<Slot> | undefined;

  constructor(format: Format) {
    this.format = format;
  }

  opened(socket: uWS.WebSocket<Slot>): void {
    this.#socket = socket;
  }

  gone(): void {
    this.#socket = undefined;
    this.session = undefined;
  }

  send(frame: Encoded): Sent {
    const result = this.#socket?.send(frame, typeof frame !== 'string', false);
    return result === 0 ? 'waiting' : result === 2 ? 'dropped' : 'sent';
  }

  cork(writes: () => void): void {
    if (this.#socket === undefined) writes();
    else this.#socket.cork(writes);
  }

  unsentBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  end(closeCode: number, reason: string): void {
    this.#socket?.end(closeCode, reason);
  }

  /**
   * In this very call: uWebSockets.js reads a socket again and again while its buffer is full, so a flood of
   * small frames keeps every timer from running.
   */
  cut(): void {
    this.#socket?.close();
  }
}
