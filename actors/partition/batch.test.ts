import { creatorSchema } from '@rapport/catalog/creator.ts';
import type { Envelope, Event } from '@rapport/proto/envelope.ts';
import { conversationName } from '@rapport/proto/identity.ts';
import type { LogRecord } from '@rapport/stream/inbox.ts';
import { describe, expect, test } from 'vitest';
import { newConversation } from '../conversation/state.ts';
import type { Actor, Damaged } from '../memory/residents.ts';
import { envelopesIn, fold, openRecord, positionOf, settle, writeOf } from './batch.ts';

const catalog = { creator: () => undefined };

function said(userId: string, clientSeq: number): Envelope {
  const event = {
    kind: 'said' as const,
    deviceId: 'd',
    clientSeq,
    id: `${userId}-${clientSeq}`,
    text: 'x',
    channel: 'web',
  };
  return { creatorId: 'demo', userId, event };
}

function record(sequence: number, envelopes: readonly unknown[]): LogRecord {
  const bytes = Buffer.from(JSON.stringify({ envelopes }));
  return { partition: 0, sequence, timeUs: sequence * 1_000, pending: 0, bytes };
}

function actors() {
  const all = new Map<string, Actor>();
  const actorOf = (name: string): Actor => {
    const actor = all.get(name) ?? {
      name,
      creatorId: 'demo',
      userId: name.slice(5),
      state: newConversation,
      inSeq: 0,
    };
    all.set(name, actor);
    return actor;
  };
  return { actorOf, all };
}

function foldWith(given: readonly LogRecord[], actorOf: (name: string) => Actor | Damaged) {
  const records = given.map(openRecord);
  const actors = envelopesIn(records).map((envelope) => actorOf(conversationName(envelope)));
  return fold(records, { actors, catalog });
}

describe('fold()', () => {
  test('gives one entry per conversation and leaves the actors as they are until they are settled', () => {
    const { actorOf, all } = actors();
    const { touched, events } = foldWith(
      [record(5, [said('ann', 1), said('bob', 1), said('ann', 2)])],
      actorOf,
    );
    expect(events).toBe(3);
    expect(touched.map(({ actor, messages }) => [actor.userId, messages.length])).toEqual([
      ['ann', 2],
      ['bob', 1],
    ]);
    expect(all.get('demo/ann')).toMatchObject({ state: newConversation, inSeq: 0 });
    for (const entry of touched) settle(entry);
    expect(all.get('demo/ann')).toMatchObject({ inSeq: positionOf(5, 2), state: { core: { topSeq: 2 } } });
    expect(all.get('demo/bob')).toMatchObject({ inSeq: positionOf(5, 1), state: { core: { topSeq: 1 } } });
  });

  test('does not fold again what was folded before', () => {
    const { actorOf } = actors();
    const records = [record(5, [said('ann', 1)]), record(6, [said('ann', 2)])];
    for (const entry of foldWith(records, actorOf).touched) settle(entry);
    expect(foldWith(records, actorOf)).toMatchObject({ touched: [], events: 0 });
    const more = foldWith([...records, record(7, [said('ann', 3)])], actorOf);
    expect(more.touched.flatMap(({ messages }) => messages.map(({ seq }) => seq))).toEqual([3]);
  });

  test('sets aside an event of a later version, and goes on with the conversation', () => {
    const { actorOf } = actors();
    const later = { creatorId: 'demo', userId: 'ann', event: { kind: 'of a later version' } };
    const { poison, touched } = foldWith([record(5, [said('ann', 1), later, said('ann', 2)])], actorOf);
    expect(poison.map(({ envelope }) => envelope)).toEqual([later]);
    const ids = touched[0]?.messages.map(({ json }) => JSON.parse(json).id);
    expect(ids).toEqual(['ann-1', 'ann-2']);
    expect(touched[0]?.inSeq).toBe(positionOf(5, 2));
  });

  test.each([
    { what: 'an event without a kind', entry: { creatorId: 'demo', userId: 'ann', event: null } },
    { what: 'a form of a later version', entry: ['said-2', 'demo', 'ann'] },
    { what: 'no envelope', entry: 7 },
  ])('sets aside $what alone, and folds the others of the record', ({ entry }) => {
    const { actorOf } = actors();
    const { unreadable, touched, events } = foldWith(
      [record(5, [said('ann', 1), entry, said('bob', 1)])],
      actorOf,
    );
    expect(unreadable.map(({ bytes }) => JSON.parse(String(bytes)))).toEqual([entry]);
    expect(touched.map(({ actor, inSeq }) => [actor.userId, inSeq])).toEqual([
      ['ann', positionOf(5, 0)],
      ['bob', positionOf(5, 2)],
    ]);
    expect(events).toBe(2);
  });

  test('sets aside a record that is no batch as it came', () => {
    const { actorOf } = actors();
    const noBatch = { ...record(5, []), bytes: Buffer.from('no batch') };
    const { unreadable, events } = foldWith([noBatch, record(6, [said('ann', 1)])], actorOf);
    expect(unreadable.map(({ bytes }) => String(bytes))).toEqual(['no batch']);
    expect(events).toBe(1);
  });
});

describe('fold() on a conversation whose row is damaged', () => {
  test('sets all of its events aside, and folds those of the others', () => {
    const { actorOf } = actors();
    const damaged = (name: string) => (name === 'demo/ann' ? { damaged: 'damaged' } : actorOf(name));
    const records = [record(5, [said('ann', 1), said('bob', 1), said('ann', 2)])];
    const { poison, touched } = foldWith(records, damaged);
    expect(poison.map(({ envelope, failure }) => [envelope.userId, failure])).toEqual([
      ['ann', 'damaged'],
      ['ann', 'damaged'],
    ]);
    expect(touched.map(({ actor }) => actor.userId)).toEqual(['bob']);
  });
});

describe('fold() on what a row knows already', () => {
  test('names the actors whose recorded effects may never have been performed, and no others', () => {
    const { actorOf } = actors();
    const records = [record(5, [said('ann', 1), said('bob', 1)])];
    for (const entry of foldWith(records, actorOf).touched) settle(entry);
    const ann = actorOf('demo/ann');
    ann.outbox = [{ kind: 'unschedule', timerId: 'follow-up', generation: 1 }];
    expect([...foldWith(records, actorOf).again]).toEqual([ann]);
    expect(foldWith([record(6, [said('ann', 2)])], actorOf).again.size).toBe(0);
  });
});

describe('fold() on a row of an older or a newer host', () => {
  const kept = [{ kind: 'deliver', seq: 2 }];
  const owed = [{ kind: 'unschedule' as const, timerId: 'follow-up', generation: 1 }];

  test('keeps effects that only a newer host can perform, in every row that it writes', () => {
    const { actorOf, all } = actors();
    all.set('demo/ann', { ...actorOf('demo/ann'), kept });
    const [entry] = foldWith([record(6, [said('ann', 1)])], actorOf).touched;
    expect(JSON.parse((entry && writeOf(entry, 1)?.state) ?? '')).toMatchObject({ kept });
  });

  test('writes them at once when the batch that recorded them is read again', () => {
    const { actorOf, all } = actors();
    const records = [record(5, [said('ann', 1)])];
    for (const entry of foldWith(records, actorOf).touched) settle(entry);
    all.set('demo/ann', { ...actorOf('demo/ann'), kept });
    const { touched, again } = foldWith(records, actorOf);
    expect([...again].map(({ name }) => name)).toEqual(['demo/ann']);
    expect(touched.map((entry) => writeOf(entry, 2))).toMatchObject([
      { inSeq: positionOf(5, 0), epoch: 2, messages: [], state: expect.stringContaining('"kept":[') },
    ]);
  });

  test('performs what an older host kept before the next row goes past it', () => {
    const { actorOf, all } = actors();
    all.set('demo/ann', { ...actorOf('demo/ann'), owed });
    const { touched, again } = foldWith([record(6, [said('ann', 1)])], actorOf);
    expect([...again].map(({ name }) => name)).toEqual(['demo/ann']);
    expect(touched.map((entry) => writeOf(entry, 1)?.state)).toEqual([expect.not.stringContaining('kept')]);
    const gap = foldWith([record(7, [said('ann', 9)])], actorOf).touched; // It changes no state.
    expect(gap.map((entry) => writeOf(entry, 1)?.state)).toEqual([expect.not.stringContaining('kept')]);
  });
});

describe('fold() with what a creator configured', () => {
  const followUp = { afterSeconds: 60, text: 'How did it go?' };
  const welcome = { afterDays: 2, text: 'Good to see you again.' };
  const creator = creatorSchema.parse({
    creatorId: 'demo',
    name: 'Demo',
    followUp,
    parts: { 'welcome-back': welcome, unknown: { to: 'this host' } },
  });
  const dayMs = 86_400_000;
  const at = (sequence: number, days: number, event: Event): LogRecord => ({
    ...record(sequence, [{ creatorId: 'demo', userId: 'ann', event }]),
    timeUs: (1 + days * dayMs) * 1_000,
  });
  const say = (clientSeq: number) => said('ann', clientSeq).event;

  test('gives each part the settings of its name', () => {
    const { actorOf } = actors();
    const records = [
      at(5, 1, say(1)),
      at(6, 1, { kind: 'answered', turnId: 't1', text: 'Sleep.', sources: [] }),
      at(7, 4, say(2)),
    ].map(openRecord);
    const [entry] = fold(records, {
      actors: envelopesIn(records).map((envelope) => actorOf(conversationName(envelope))),
      catalog: { creator: () => ({ creator, version: 1 }) },
    }).touched;
    expect(entry?.messages.map(({ json }) => JSON.parse(json).text)).toEqual([
      'x',
      'Sleep.',
      'x',
      'Good to see you again.',
    ]);
    const timers = entry?.effects.flatMap((effect) => ('timerId' in effect ? [effect] : []));
    expect(timers).toMatchObject([
      { kind: 'schedule', timerId: 'follow-up', atMs: 1 + dayMs + 60_000 },
      { kind: 'unschedule' },
    ]);
    expect(JSON.parse((entry && writeOf(entry, 1)?.state) ?? '').parts).toEqual({
      'welcome-back': { saidMs: 1 + 4 * dayMs },
    });
  });
});

describe('writeOf()', () => {
  test('writes nothing when nothing worth keeping changed', () => {
    const { actorOf } = actors();
    const [entry] = foldWith([record(5, [said('ann', 7)])], actorOf).touched; // A gap.
    expect(entry && writeOf(entry, 1)).toBeUndefined();
  });

  test("carries the log's position and time", () => {
    const { actorOf } = actors();
    const [entry] = foldWith([record(5, [said('ann', 1)])], actorOf).touched;
    expect(entry && writeOf(entry, 3)).toMatchObject({
      inSeq: positionOf(5, 0),
      epoch: 3,
      topSeq: 1,
    });
  });
});
