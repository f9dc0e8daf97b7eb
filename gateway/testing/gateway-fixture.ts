import { setImmediate } from 'node:timers/promises';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { roles, type TokenRole } from '@rapport/proto/identity.ts';
import { type Limits, limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { Gateway } from '../gateway.ts';
import type { PersonLimits } from '../limits/limits.ts';
import { MemoryLimits } from '../limits/limits-memory.ts';
import { createMeters } from '../meters.ts';
import type { Session } from '../sockets/session.ts';
import { ScriptedOwner } from './owner-fixture.ts';
import { MemoryStream } from './stream-fixture.ts';
import { TestWire } from './wire-fixture.ts';

/** Time that goes on only when it is told to. */
export class TestClock implements Clock {
  #nowMs = 1_000;
  readonly #due: { readonly atMs: number; readonly run: () => void; readonly everyMs: number }[] = [];

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#due.push({ atMs: this.#nowMs + ms, run: resolve, everyMs: 0 }));
  }

  every(ms: number, tick: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, run: tick, everyMs: ms };
    this.#due.push(entry);
    return () => undefined;
  }

  /** Time that goes by in the middle of something, as when a thread is held. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets `ms` go by in small steps; what became due has run, and what it began has settled. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    while (this.#nowMs < endMs) {
      this.#nowMs = Math.min(endMs, this.#nowMs + 50);
      const due = this.#due.filter(({ atMs }) => atMs <= this.#nowMs);
      for (const entry of due) {
        this.#due.splice(this.#due.indexOf(entry), 1);
        if (entry.everyMs > 0) this.#due.push({ ...entry, atMs: this.#nowMs + entry.everyMs });
        entry.run();
      }
      await settle();
    }
  }
}

/** Lets everything that was begun in memory come to its end. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 8; turns += 1) await setImmediate();
}

const deviceA = '018f0000-0000-7000-8000-00000000000a';
export const sayId = (clientSeq: number) => `018f0000-0000-7000-8000-${String(clientSeq).padStart(12, '0')}`;

interface LimitsParts {
  readonly limits: Limits;
  readonly clock: TestClock;
}

/**
 * A whole gateway in memory: a token is `creatorId/userId`, or `creatorId/userId/role/expiresAtMs`; the only
 * creator is `demo`; a test plays the owner.
 */
export async function openTestGateway(
  changed: Partial<Limits> = {},
  openLimits: (options: LimitsParts) => PersonLimits = (options) => new MemoryLimits(options),
) {
  const clock = new TestClock();
  const stream = new MemoryStream();
  const store = openMemoryHistory();
  const owner = new ScriptedOwner({
    hostId: 'host-1',
    store,
    toGateway: (_id, value) => stream.deliver(value),
  });
  stream.onControls = (_partition, controls) => owner.take(controls);
  stream.onAppend = ({ envelopes }) => void owner.fold(envelopes); // The tests settle() it.
  const catalog = createMemoryCatalog();
  await catalog.putCreator(demoCreator);
  const gateway = new Gateway({
    ...stream,
    gatewayId: 'g1',
    limits: { ...limits, ...changed },
    personLimits: openLimits({ limits: { ...limits, ...changed }, clock }),
    acceptedAfterMs: 50,
    history: store,
    catalog,
    tokens: { verify: async (token) => verdictOf(token) },
    clock,
    random: () => 0.5,
    meters: createMeters(new Metrics('test')),
    log: createLog({ name: 'test', level: 'silent' }),
  });
  await gateway.start();
  for (let partition = 0; partition < stream.partitions; partition += 1) {
    stream.own(partition, { hostId: owner.hostId, epoch: owner.epoch });
  }
  return { clock, stream, store, owner, catalog, gateway, client: () => new TestClient(gateway) };
}

const demoCreator = {
  creatorId: 'demo',
  name: 'Demo',
  greeting: 'Hello.',
  suggestions: [],
  allowedOrigins: ['https://site.example'],
  answering: 'people' as const,
  personality: '',
  unknownAnswer: 'No.',
};

function isRole(text: string): text is TokenRole {
  return roles.some((role) => role === text);
}

function verdictOf(token: string) {
  const [creatorId = '', userId = '', role = 'visitor', expires = 'Infinity'] = token.split('/');
  if (userId === '' || !isRole(role)) return { ok: false as const, code: 'bad_token' as const };
  return { ok: true as const, identity: { creatorId, userId, role, expiresAtMs: Number(expires) } };
}

/** A client without a network: what it sends arrives at once. */
export class TestClient {
  readonly deviceId = deviceA;
  readonly wire = new TestWire();
  readonly session: Session;
  readonly #gateway: Gateway;

  constructor(gateway: Gateway, { origin = '', address = '192.0.2.1' } = {}) {
    this.#gateway = gateway;
    this.session = gateway.frames.open(this.wire, { origin, host: 'gateway.example', address });
  }

  send(up: UpJson): void {
    this.raw(JSON.stringify(up));
  }

  raw(text: string): void {
    const { frames } = this.#gateway;
    if (frames.admits(this.session, Buffer.byteLength(text))) frames.take(this.session, text);
  }

  async hello(position: { afterSeq?: number; tail?: number } = {}, token = 'demo/anna'): Promise<this> {
    this.send({ hello: { token, deviceId: deviceA, ...position } });
    await settle();
    return this;
  }

  say(clientSeq: number, text = `text ${clientSeq}`): void {
    this.send({ say: { clientSeq, id: sayId(clientSeq), text } });
  }

  /** The network took everything that waited. */
  flow(): void {
    this.wire.flow();
    this.#gateway.writer.drained(this.session);
  }

  close(): void {
    this.#gateway.writer.closed(this.session);
  }
}
