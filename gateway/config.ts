import { type Limits, limits } from '@rapport/proto/limits.ts';
import { logLevels } from '@rapport/runtime/log.ts';
import { integer, list, oneOf, port, text } from '@rapport/runtime/options.ts';

const most = { min: 1, max: 2 ** 31 - 1 };

/** Everything a gateway can be told. `node gateway/main.ts --help` prints it. */
export const gatewayOptions = {
  GATEWAY_HOST: text('127.0.0.1', 'Address to listen on.'),
  GATEWAY_PORT: port(8080, 'Its port; 0 takes a free one. Several gateways of one machine may share it.'),
  GATEWAY_HEALTH_PORT: port(
    0,
    'The port of /metrics, and of a /readyz with its reason; 0 takes a free one, which the log tells.',
  ),
  GATEWAY_HEALTH_HOST: text('127.0.0.1', 'Address that this port listens on.'),
  NATS_URL: text('nats://127.0.0.1:4222', 'Where NATS is; several servers are separated by commas.'),
  HISTORY_URL: text('sqlite:.data/history.db', 'Where messages are stored; only read here.'),
  DATA_DIR: text(
    '.data',
    'The key pair of our own tokens is kept in its folder keys, made at the first start.',
  ),
  PARTITIONS: integer(
    0,
    'Partitions of the log, for its whole life. 0: as it was made; a new one 8, by npm start 2 a host.',
    {
      min: 0,
      max: 1024,
    },
  ),
  STREAM_REPLICAS: integer(1, 'Copies of the log that NATS keeps; 3 on a cluster.', { min: 1, max: 5 }),
  GATEWAY_TOKEN_HOURS: integer(24 * 30, 'How long a visitor token is valid.', { min: 1, max: 24 * 3_650 }),
  GATEWAY_JWKS_URL: text('', 'Where the issuer of other tokens publishes its keys (EdDSA); empty: none.'),
  GATEWAY_JWKS_AUDIENCE: text('rapport', 'The audience (aud) that tokens of that issuer must have.'),
  GATEWAY_HOST_NAMES: list(
    'Names, with commas between them, by which browsers reach this gateway; empty: whatever Host says.',
    /^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/i,
  ),
  GATEWAY_ADDRESS_HEADER: text(
    '',
    'Header in which the proxy in front writes the client address, as x-forwarded-for; empty: no proxy.',
  ),
  GATEWAY_ACCEPTED_AFTER_MS: integer(50, 'An ACCEPTED receipt is sent when STORED takes longer.', {
    min: 0,
    max: 60_000,
  }),
  GATEWAY_DRAIN_MS: integer(5_000, 'The longest that clients are spread over when this gateway goes away.', {
    min: 0,
    max: 600_000,
  }),
  REDIS_URL: text(
    '',
    'A Redis by which gateways keep the limits of a person or address together; empty: each for itself.',
    /^rediss?:\/\/\S+$/,
  ),
  GATEWAY_DEMO_CREATOR: text('demo', 'Whose documents the pages under /learn show.'),
  LOG_LEVEL: oneOf('info', 'What is logged.', logLevels),
  GATEWAY_FRAME_BYTES_MAX: integer(limits.frameBytesMax, 'One frame, in bytes.', {
    min: 1_024,
    max: 2 ** 24,
  }),
  GATEWAY_HELLO_BYTES_MAX: integer(limits.helloBytesMax, 'All that a socket sends before its hello counts.', {
    min: 1_024,
    max: 2 ** 24,
  }),
  GATEWAY_SOCKET_BYTES_MAX: integer(limits.socketBytesMax, 'Bytes from one socket in a window.', most),
  GATEWAY_PERSON_BYTES_MAX: integer(limits.personBytesMax, 'Bytes from one person in a window.', most),
  GATEWAY_BYTES_WINDOW_MS: integer(limits.bytesWindowMs, 'That window.', most),
  GATEWAY_ADDRESS_BYTES_PER_SECOND_MAX: integer(
    limits.addressBytesPerSecondMax,
    'Bytes in a second from one address; behind a proxy GATEWAY_ADDRESS_HEADER has to tell it.',
    most,
  ),
  GATEWAY_SOCKETS_WITHOUT_HELLO_MAX: integer(
    limits.socketsWithoutHelloMax,
    'Sockets whose hello is awaited; one more closes the oldest.',
    most,
  ),
  GATEWAY_SOCKETS_WITHOUT_HELLO_PER_ADDRESS_MAX: integer(
    limits.socketsWithoutHelloPerAddressMax,
    'The same of one address.',
    most,
  ),
  GATEWAY_TEXT_CHARS_MAX: integer(limits.textCharsMax, 'One message, in characters.', {
    min: 1,
    max: 65_536,
  }),
  GATEWAY_SAYS_IN_FLIGHT_MAX: integer(limits.saysInFlightMax, 'Says of one socket not yet accepted.', most),
  GATEWAY_SAYS_PER_WINDOW_MAX: integer(limits.saysPerWindowMax, 'Says of one person in a window.', most),
  GATEWAY_SAYS_WINDOW_MS: integer(limits.saysWindowMs, 'That window.', most),
  GATEWAY_UNSENT_BYTES_MAX: integer(limits.unsentBytesMax, 'Above it messages wait in the store.', most),
  GATEWAY_UNSENT_BYTES_SOFT: integer(limits.unsentBytesSoft, 'Above it deltas become one snapshot.', most),
  GATEWAY_DRAIN_STALL_MS: integer(
    limits.drainStallMs,
    'A socket that takes nothing for this long is closed.',
    most,
  ),
  GATEWAY_SOCKETS_PER_PERSON_MAX: integer(limits.socketsPerPersonMax, 'One more closes the oldest.', most),
  GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: integer(
    limits.visitorTokensPerMinuteMax,
    'Visitor tokens for one address.',
    most,
  ),
  GATEWAY_REQUESTS_PER_ADDRESS_MAX: integer(
    limits.requestsPerAddressMax,
    'HTTP requests of one address in a window.',
    most,
  ),
  GATEWAY_REQUESTS_PER_PERSON_MAX: integer(
    limits.requestsPerPersonMax,
    'HTTP requests of one person in a window.',
    most,
  ),
  GATEWAY_REQUESTS_WINDOW_MS: integer(limits.requestsWindowMs, 'That window.', most),
  GATEWAY_HELLO_WITHIN_MS: integer(limits.helloWithinMs, 'The first frame must be here by then.', most),
  GATEWAY_ATTACH_WITHIN_MS: integer(
    limits.attachWithinMs,
    'The owner must answer a new session by then.',
    most,
  ),
  GATEWAY_PING_MS: integer(limits.pingMs, 'A silent socket is pinged.', { min: 8_000, max: 960_000 }),
  GATEWAY_PAGE_MESSAGES_MAX: integer(limits.pageMessagesMax, 'Messages of one page.', { min: 1, max: 1_000 }),
  GATEWAY_PAGES_PER_WINDOW_MAX: integer(limits.pagesPerWindowMax, 'Pages for one person in a window.', most),
  GATEWAY_PAGES_WINDOW_MS: integer(limits.pagesWindowMs, 'That window.', most),
  GATEWAY_READS_WAITING_MAX: integer(limits.readsWaitingMax, 'Reads of the history that wait.', most),
  GATEWAY_READS_WAITING_PER_PERSON_MAX: integer(
    limits.readsWaitingPerPersonMax,
    'The same of one person.',
    most,
  ),
  GATEWAY_FAULTS_MAX: integer(limits.faultsMax, 'Refused frames of one socket in a window.', most),
  GATEWAY_FAULTS_WINDOW_MS: integer(limits.faultsWindowMs, 'That window.', most),
} as const;

/** Limits that no option of a gateway sets: the actor host keeps them, or they are fixed. */
type LimitOfOthers =
  | 'devicesMax'
  | 'apiDevicesMax'
  | 'stateBytesTarget'
  | 'turnDeadlineMs'
  | 'turnAttemptsMax';
type LimitOption = Extract<keyof typeof gatewayOptions, `${string}_${'MAX' | 'SOFT' | 'MS'}`>;

/** The option of each limit. A limit without its row does not type, so none silently keeps its default. */
const optionOf = {
  frameBytesMax: 'GATEWAY_FRAME_BYTES_MAX',
  helloBytesMax: 'GATEWAY_HELLO_BYTES_MAX',
  socketBytesMax: 'GATEWAY_SOCKET_BYTES_MAX',
  personBytesMax: 'GATEWAY_PERSON_BYTES_MAX',
  bytesWindowMs: 'GATEWAY_BYTES_WINDOW_MS',
  addressBytesPerSecondMax: 'GATEWAY_ADDRESS_BYTES_PER_SECOND_MAX',
  socketsWithoutHelloMax: 'GATEWAY_SOCKETS_WITHOUT_HELLO_MAX',
  socketsWithoutHelloPerAddressMax: 'GATEWAY_SOCKETS_WITHOUT_HELLO_PER_ADDRESS_MAX',
  textCharsMax: 'GATEWAY_TEXT_CHARS_MAX',
  saysInFlightMax: 'GATEWAY_SAYS_IN_FLIGHT_MAX',
  saysPerWindowMax: 'GATEWAY_SAYS_PER_WINDOW_MAX',
  saysWindowMs: 'GATEWAY_SAYS_WINDOW_MS',
  unsentBytesMax: 'GATEWAY_UNSENT_BYTES_MAX',
  unsentBytesSoft: 'GATEWAY_UNSENT_BYTES_SOFT',
  drainStallMs: 'GATEWAY_DRAIN_STALL_MS',
  socketsPerPersonMax: 'GATEWAY_SOCKETS_PER_PERSON_MAX',
  visitorTokensPerMinuteMax: 'GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX',
  requestsPerAddressMax: 'GATEWAY_REQUESTS_PER_ADDRESS_MAX',
  requestsPerPersonMax: 'GATEWAY_REQUESTS_PER_PERSON_MAX',
  requestsWindowMs: 'GATEWAY_REQUESTS_WINDOW_MS',
  helloWithinMs: 'GATEWAY_HELLO_WITHIN_MS',
  attachWithinMs: 'GATEWAY_ATTACH_WITHIN_MS',
  pingMs: 'GATEWAY_PING_MS',
  pageMessagesMax: 'GATEWAY_PAGE_MESSAGES_MAX',
  pagesPerWindowMax: 'GATEWAY_PAGES_PER_WINDOW_MAX',
  pagesWindowMs: 'GATEWAY_PAGES_WINDOW_MS',
  readsWaitingMax: 'GATEWAY_READS_WAITING_MAX',
  readsWaitingPerPersonMax: 'GATEWAY_READS_WAITING_PER_PERSON_MAX',
  faultsMax: 'GATEWAY_FAULTS_MAX',
  faultsWindowMs: 'GATEWAY_FAULTS_WINDOW_MS',
} as const satisfies Record<Exclude<keyof Limits, LimitOfOthers>, LimitOption>;

/** The limits of the client contract, as they are set for this gateway. */
export function limitsOf(config: Readonly<Record<(typeof optionOf)[keyof typeof optionOf], number>>): Limits {
  const set = Object.entries(optionOf).map(([name, option]) => [name, config[option]]);
  return { ...limits, ...Object.fromEntries(set) };
}
