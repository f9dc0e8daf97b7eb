import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { DemoSite } from '@rapport/demo/demo-site.ts';
import { type Limits, limits } from '@rapport/proto/limits.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { onTestFinished } from 'vitest';
import { Intake } from '../limits/intake.ts';
import { MemoryLimits } from '../limits/limits-memory.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';
import { TestClock } from '../testing/gateway-fixture.ts';
import { sourceReader } from '../tokens/origin.ts';
import { openTokenKeys } from '../tokens/token-keys.ts';
import { Tokens } from '../tokens/tokens.ts';
import { Http, type HttpOptions } from './http.ts';
import { MessagesApi } from './messages-api.ts';
import { Readiness } from './readiness.ts';
import { RequestBudget } from './request-budget.ts';
import { Site } from './site.ts';
import { VisitorsApi } from './visitors-api.ts';
import { WidgetScript } from './widget-script.ts';

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly address?: string;
  readonly query?: string;
}

/** HTTP as a gateway answers it, with a store and NATS left out: nobody's say is taken. */
export async function openTestHttp(
  changed: Partial<Limits> = {},
  parts: Partial<HttpOptions> & { readonly ready?: () => Promise<void> } = {},
) {
  const clock = new TestClock();
  const folder = await mkdtemp(join(tmpdir(), 'rapport-http-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const catalog = createMemoryCatalog();
  for (const creatorId of ['demo', 'other']) {
    await catalog.putCreator({
      creatorId,
      name: 'Demo',
      greeting: '',
      suggestions: [],
      allowedOrigins: ['https://site.example'],
      answering: 'people',
      personality: '',
      unknownAnswer: 'No.',
    });
  }
  const allLimits = { ...limits, ...changed };
  const keys = await openTokenKeys(folder);
  const tokens = new Tokens({ keys, lifeS: 3_600, jwksUrl: '', jwksAudience: 'rapport' });
  const budget = new RequestBudget({ limits: allLimits, clock, addressHeader: 'X-Forwarded-For' });
  const personLimits = new MemoryLimits({ limits: allLimits, clock });
  const { ready = async () => undefined, ...others } = parts;
  const log = createLog({ name: 'test', level: 'silent' });
  const sourceOf = sourceReader([]);
  const http = new Http({
    readiness: new Readiness({ ready, clock, log }),
    site: new Site({
      script: new WidgetScript({ folder }),
      demo: new DemoSite({ catalog, creatorId: 'demo', clock }),
    }),
    visitors: new VisitorsApi({ tokens, catalog, sourceOf, personLimits, budget }),
    messages: new MessagesApi({
      tokens,
      catalog,
      sourceOf,
      budget,
      limits: allLimits,
      intake: new Intake({ limits: allLimits, clock }),
      reader: { page: async () => ({ messages: [], more: false }) },
      sayRequests: { say: async () => ({ refused: 'unavailable' }) },
    }),
    budget,
    clock,
    log,
    ...others,
  });
  /** Resolves with the answer; `wantsBody` tells if the body was read. */
  const ask = async (method: string, path: string, asked: Asked = {}) => {
    const head: RequestHead = {
      method,
      path,
      query: new URLSearchParams(asked.query),
      headers: new Map(Object.entries({ host: 'chat.example', ...asked.headers })),
      address: asked.address ?? '127.0.0.1',
      signal: new AbortController().signal,
      malformed: undefined,
    };
    const { wantsBody, answer } = http.begin(head);
    const bytes = Buffer.from(wantsBody ? (asked.body ?? '') : '');
    return { wantsBody, ...read(await answer({ at: 'whole', bytes })) };
  };
  return { ask, http, clock, tokens, keys, catalog, folder };
}

function read({ status, headers, body }: Answer) {
  const isJson = headers['content-type'] === 'application/json';
  return { status, headers, body: isJson ? JSON.parse(body.toString()) : body.toString() };
}
