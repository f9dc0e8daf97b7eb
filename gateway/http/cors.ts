import type { Answer, RequestHead } from '../sockets/exchange.ts';

/** A name of a header, as RFC 9110 writes it: what is no name is not sent back. */
const headerName = /^[\w!#$%&'*+.^`|~-]{1,100}$/;
/** Tracing adds a few headers to each request of a site; more is no site. */
const namesMax = 50;
const namesCharsMax = 2_000;
/** Browsers keep a preflight for two hours at most. */
const preflightKeptS = 7_200;

/**
 * Allows the methods of a path and the headers that are asked for: a site's own scripts add headers to every
 * request (`traceparent`), and a refused one would keep its visitors from connecting.
 */
export function preflight({ headers }: RequestHead, methods: readonly string[]): Answer {
  const asked = headers.get('access-control-request-headers') ?? '';
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': ['authorization', 'content-type', ...namesIn(asked)].join(', '),
      'access-control-max-age': String(preflightKeptS),
      vary: 'origin, access-control-request-headers',
    },
    body: '',
  };
}

function namesIn(asked: string): readonly string[] {
  if (asked.length > namesCharsMax) return [];
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  const own = new Set(['authorization', 'content-type']);
  return [...new Set(names)].filter((name) => headerName.test(name) && !own.has(name)).slice(0, namesMax);
}

/**
 * Lets the page read the answer, also a refusal and its code. Nothing rests on this: there are no cookies,
 * and each request's origin and token are checked for themselves.
 */
export function withCors({ path, headers }: RequestHead, answer: Answer): Answer {
  const origin = headers.get('origin');
  if (origin === undefined || !path.startsWith('/v1/')) return answer;
  return {
    ...answer,
    headers: {
      vary: 'origin',
      ...answer.headers,
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'retry-after',
    },
  };
}
