/**
 * The catalogue of codes: everything that Rapport may refuse, with the sentence a person can read, whether a
 * client should try again, and the number it travels under (WebSocket close code, HTTP status).
 * docs/protocol.md lists it; a test keeps the two the same.
 */
export type Retry = 'now' | 'later' | 'never';

export interface CodeEntry {
  /** What happened, for a person. */
  readonly sentence: string;
  /** `now`: at once; `later`: after retryAfterMs or a back-off; `never`: not without a change. */
  readonly retry: Retry;
  /** Close code of a goodbye; absent where the code never closes a socket. */
  readonly close?: number;
  /** HTTP status where the code answers a request. */
  readonly http: number;
}

export const codes = {
  // Goodbyes: the socket closes.
  going_away: {
    sentence: 'The server is going away; please reconnect.',
    retry: 'now',
    close: 4000,
    http: 503,
  },
  hello_timeout: { sentence: 'No hello arrived in time.', retry: 'later', close: 4001, http: 408 },
  hello_expected: { sentence: 'The first frame must be hello.', retry: 'never', close: 4002, http: 400 },
  bad_token: { sentence: 'The token is not valid.', retry: 'never', close: 4003, http: 401 },
  token_expired: {
    sentence: 'The token has expired; ask for a new one.',
    retry: 'never',
    close: 4004,
    http: 401,
  },
  origin_refused: {
    sentence: 'This site is not on the list of allowed sites.',
    retry: 'never',
    close: 4005,
    http: 403,
  },
  replaced: {
    sentence: 'You opened more connections than are allowed; the oldest was closed.',
    retry: 'never',
    close: 4006,
    http: 409,
  },
  slow: {
    sentence: 'The connection does not keep up; please reconnect.',
    retry: 'later',
    close: 4007,
    http: 503,
  },
  unavailable: {
    sentence: 'The conversation can not be reached just now.',
    retry: 'later',
    close: 4008,
    http: 503,
  },
  bad_subprotocol: {
    sentence: 'Ask for subprotocol rapport.v1.json or rapport.v1.proto.',
    retry: 'never',
    close: 4009,
    http: 400,
  },
  too_many_faults: {
    sentence: 'Too many frames were refused on this connection.',
    retry: 'later',
    close: 4010,
    http: 429,
  },
  creator_unknown: { sentence: 'There is no such creator.', retry: 'never', close: 4011, http: 404 },

  // Faults and rejected receipts: the socket stays.
  bad_frame: { sentence: 'The frame could not be read.', retry: 'never', http: 400 },
  frame_too_big: { sentence: 'The frame is larger than allowed.', retry: 'never', http: 413 },
  hello_again: { sentence: 'Hello was already said.', retry: 'never', http: 409 },
  text_empty: { sentence: 'The message has no text.', retry: 'never', http: 400 },
  text_too_long: { sentence: 'The message is longer than allowed.', retry: 'never', http: 413 },
  too_fast: {
    sentence: 'You are writing faster than allowed; please wait a moment.',
    retry: 'later',
    http: 429,
  },
  too_many_in_flight: { sentence: 'Too many messages wait for their receipt.', retry: 'later', http: 429 },
  forbidden: { sentence: 'This token may not do that.', retry: 'never', http: 403 },
  gap: { sentence: 'A message before this one is missing; send again from there.', retry: 'now', http: 409 },
  number_reused: {
    sentence: 'This number was used for another message; the client takes a new device id.',
    retry: 'now',
    http: 409,
  },
  busy: { sentence: 'The message could not be taken just now.', retry: 'later', http: 503 },
  page_in_progress: { sentence: 'An earlier page is still being sent.', retry: 'later', http: 429 },
  history_unavailable: { sentence: 'The history can not be read just now.', retry: 'later', http: 503 },

  // Turns: why an answer failed. The person may try again.
  model_unavailable: {
    sentence: 'The coach can not be reached just now. Your message is safe.',
    retry: 'later',
    http: 503,
  },
  model_busy: {
    sentence: 'The coach is talking with many people just now. Your message is safe.',
    retry: 'later',
    http: 503,
  },
  model_timeout: {
    sentence: 'The coach took too long to answer. Your message is safe.',
    retry: 'later',
    http: 504,
  },
  model_failed: {
    sentence: 'The coach could not finish the answer. Your message is safe.',
    retry: 'later',
    http: 502,
  },

  // HTTP only.
  bad_request: { sentence: 'The request could not be read.', retry: 'never', http: 400 },
  not_found: { sentence: 'There is nothing here.', retry: 'never', http: 404 },
  method_not_allowed: { sentence: 'This address does not take that method.', retry: 'never', http: 405 },
  internal: { sentence: 'Something went wrong on our side.', retry: 'later', http: 500 },
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof codes;

export function isCode(value: string): value is Code {
  return Object.hasOwn(codes, value);
}

/** Codes that close a socket. */
export type CloseCode = { [C in Code]: (typeof codes)[C] extends { close: number } ? C : never }[Code];
