import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { checkedCreator, checkedDocument } from '@rapport/catalog/checked.ts';
import type { MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { Admission, type AdmissionLimits } from '../admission.ts';
import { createInferenceClient, type Generate, inferenceLimits } from '../client.ts';
import { Library, type LibraryOptions } from '../library/library.ts';
import type { Model } from '../models/model.ts';
import type { Piece } from '../piece.ts';
import { createMeters } from '../service/meters.ts';
import { serveInference } from '../service/server.ts';

export const quietLog = createLog({ name: 'inference-test', level: 'silent' });

export function libraryOf(more: Partial<LibraryOptions> = {}): Library {
  return new Library({ clock: systemClock, log: quietLog, documentMs: 10_000, waitMs: 10_000, ...more });
}

/** Creators `ada` (documents about naps) and `bob` (about bread), and their library. */
export async function twoCreators() {
  const catalog = createMemoryCatalog();
  await catalog.putCreator(checkedCreator({ creatorId: 'ada', name: 'Ada', greeting: 'Hello from Ada.' }));
  await catalog.putCreator(checkedCreator({ creatorId: 'bob', name: 'Bob' }));
  await catalog.putDocument(napDocument);
  await catalog.putDocument(breadDocument);
  const library = libraryOf();
  await library.follow(catalog);
  await library.settled();
  return { catalog, library };
}

export const napDocument = checkedDocument({
  creatorId: 'ada',
  documentId: 'naps',
  title: 'How to nap well',
  url: '/learn/naps',
  text: `## How long should a nap be?

The best nap lasts twenty minutes. Longer naps end in deep sleep.

## When?

The early afternoon suits naps best.`,
});

export const breadDocument = checkedDocument({
  creatorId: 'bob',
  documentId: 'bread',
  title: 'How to bake bread',
  text: `## How long does sourdough rise?

Sourdough rises for twelve hours. A cold kitchen makes it slower.`,
});

/** The real server around a model, in this process. */
export async function startServer(
  model: Model,
  options: {
    readonly port?: number;
    readonly limits?: Partial<AdmissionLimits>;
    readonly library?: Library;
  } = {},
) {
  const { catalog, library: read } = await twoCreators();
  const library = options.library ?? read;
  const admission = new Admission({ ...inferenceLimits, ...options.limits });
  const metrics = new Metrics('inference-test');
  const meters = createMeters(metrics, { admission, library, nowMs: () => systemClock.monotonicMs() });
  const server = await serveInference({
    ...{ catalog, library, model, admission, clock: systemClock, log: quietLog, meters },
    host: '127.0.0.1',
    port: options.port ?? 0,
  });
  return { ...server, address: `127.0.0.1:${server.port}`, admission, metrics, catalog, library };
}

export function clientOf(address: string, limits: Partial<typeof inferenceLimits> = {}) {
  return createInferenceClient({
    address,
    clock: systemClock,
    limits: { ...inferenceLimits, ...limits },
    log: quietLog,
  });
}

export function ask(text: string, more: Partial<Generate> = {}): Generate {
  return {
    creatorId: 'ada',
    userId: 'u1',
    turnId: 't1',
    attempt: 1,
    configVersion: 1,
    messages: [said(text)],
    ...more,
  };
}

export function said(text: string, role: 'USER' | 'COACH' = 'USER'): MessageJson {
  return { role, text };
}

export async function collect(pieces: AsyncIterable<Piece>) {
  const all: Piece[] = [];
  for await (const piece of pieces) all.push(piece);
  return {
    text: all.map((piece) => (piece.kind === 'delta' ? piece.text : '')).join(''),
    sources: all.flatMap((piece) => (piece.kind === 'citation' ? [piece.source] : [])),
    deltas: all.flatMap((piece) => (piece.kind === 'delta' ? [piece.text] : [])),
    usages: all.flatMap((piece) => (piece.kind === 'usage' ? [piece] : [])),
    kinds: all.map(({ kind }) => kind),
    done: all.find((piece) => piece.kind === 'done')?.reason,
  };
}
