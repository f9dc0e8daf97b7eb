import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Answer, Begun, Body, RequestHead } from '../sockets/exchange.ts';
import { bodyBytesMax, bodyWithinMs } from '../sockets/exchange.ts';
import { preflight, withCors } from './cors.ts';
import type { MessagesApi } from './messages-api.ts';
import type { Readiness } from './readiness.ts';
import { type Endpoint, notAllowed, type Reply, refusal } from './request.ts';
import type { RequestBudget } from './request-budget.ts';
import type { Site } from './site.ts';
import type { VisitorsApi } from './visitors-api.ts';

export interface HttpOptions {
  readonly readiness: Pick<Readiness, 'answer'>;
  readonly site: Pick<Site, 'answer'>;
  readonly visitors: Pick<VisitorsApi, 'post'>;
  readonly messages: Pick<MessagesApi, 'get' | 'post'>;
  readonly budget: Pick<RequestBudget, 'ofAddress'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A request that is not answered by then is answered `unavailable`: an open response has no time-out of its
 * own. Each step of an answer has a shorter one.
 */
const answerWithinMs = 15_000;

/** Answers HTTP: health, the widget's script, the demo site, and what clients without a socket need. */
export class Http {
  readonly #options: HttpOptions;
  readonly #v1: Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { visitors, messages } = options;
    this.#v1 = {
      '/v1/visitors': { POST: (head) => visitors.post(head) },
      '/v1/messages': { GET: () => messages.get(), POST: () => messages.post() },
    };
  }

  /** Decides by the head of a request whether its body is read, and how it is answered. */
  begin(given: RequestHead): Begun {
    const head = { ...given, path: given.path.length > 1 ? given.path.replace(/\/$/, '') : given.path };
    const reply = this.#replyTo(head);
    return { wantsBody: reply.reads === 'body', answer: (body) => this.#answer(head, reply, body) };
  }

  #replyTo(head: RequestHead): Reply {
    if (head.malformed !== undefined) return saying(refusal('bad_request', head.malformed));
    if (head.path.startsWith('/v1/')) return this.#replyOfV1(head);
    return { reads: 'nothing', answer: () => this.#page(head) };
  }

  #replyOfV1(head: RequestHead): Reply {
    const { path, method } = head;
    const waitMs = this.#options.budget.ofAddress(head);
    if (waitMs > 0) {
      return saying(refusal('too_fast', 'Cannot take more requests of this address just now', waitMs));
    }
    if (path === '/v1/ws') return saying(refusal('bad_request', 'Cannot answer here: this is a WebSocket'));
    const methods = Object.hasOwn(this.#v1, path) ? this.#v1[path] : undefined;
    if (methods === undefined) return saying(refusal('not_found'));
    if (method === 'OPTIONS') return saying(preflight(head, Object.keys(methods)));
    const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined;
    return endpoint === undefined ? saying(notAllowed(Object.keys(methods))) : endpoint(head);
  }

  async #page(head: RequestHead): Promise<Answer> {
    const { readiness, site } = this.#options;
    const found = (await readiness.answer(head.path)) ?? (await site.answer(head));
    if (found === undefined) return refusal('not_found');
    return head.method === 'GET' || head.method === 'HEAD' ? found : notAllowed(['GET', 'HEAD']);
  }

  async #answer(head: RequestHead, reply: Reply, body: Body): Promise<Answer> {
    try {
      const answered = body.at === 'whole' ? reply.answer({ ...head, body: body.bytes }) : unread(body.at);
      return finished(head, await this.#inTime(answered));
    } catch (failure) {
      this.#options.log.warn({ path: head.path, reason: reasonOf(failure) }, 'request failed');
      return finished(head, refusal(failure instanceof Fault ? failure.code : 'internal'));
    }
  }

  async #inTime(answered: Answer | Promise<Answer>): Promise<Answer> {
    const inTime = new AbortController();
    const late = this.#options.clock.sleep(answerWithinMs, inTime.signal).then(() => {
      throw new Fault('unavailable', `Cannot answer: it took longer than ${answerWithinMs} ms`);
    });
    late.catch(() => undefined); // Nobody waits for it once there is an answer.
    try {
      return await Promise.race([answered, late]);
    } finally {
      inTime.abort();
    }
  }
}

/** A reply that the head alone decides. */
function saying(answer: Answer): Reply {
  return { reads: 'nothing', answer: async () => answer };
}

function unread(why: 'too_big' | 'late'): Answer {
  return why === 'too_big'
    ? refusal('frame_too_big', `Cannot read the request: its body has more than ${bodyBytesMax} bytes`)
    : refusal('bad_request', `Cannot read the request: its body did not come within ${bodyWithinMs} ms`);
}

/** Adds the headers that every answer carries. */
function finished(head: RequestHead, answer: Answer): Answer {
  return withCors(head, {
    ...answer,
    headers: { ...answer.headers, 'x-content-type-options': 'nosniff' },
  });
}
