import { newConversation } from '@rapport/actors/conversation/state.ts';
import type { Actor } from '@rapport/actors/memory/residents.ts';
import { envelopesIn, fold, openRecord } from '@rapport/actors/partition/batch.ts';
import { readRow } from '@rapport/actors/partition/state-row.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Device } from './device.ts';
import type { Ground } from './gateways.ts';
import type { Broken } from './world.ts';

/** What still moves, now that nothing goes wrong any more; undefined when everything has come to rest. */
export function unrest(ground: Ground, devices: readonly Device[]): string | undefined {
  for (const device of devices) {
    const moves = movesAt(ground, device);
    if (moves !== undefined) return `${device.name} ${moves}`;
  }
  for (const partition of ground.log.partitions.keys()) {
    const readers = ground.log.readersOf(partition);
    if (readers !== 1) return `partition ${partition} is read by ${readers}`;
  }
  for (const [name, { state }] of refold(ground)) {
    const row = ground.store.row(name);
    if (row === undefined && state === newConversation) continue; // Nothing came of its events.
    const stored = readRow(row?.state ?? '');
    if ('unreadable' in stored || JSON.stringify(stored.state) !== JSON.stringify(state))
      return `${name} is not what its log says: ${row?.state}`;
    const { turn, timers } = state.core;
    if (turn.at !== 'idle') return `${name} still has turn ${turn.turnId}`;
    if ((timers?.pending.length ?? 0) > 0) return `${name} still has a timer`;
  }
  return undefined;
}

function movesAt({ store }: Ground, { rapport, outbox, conversation }: Device): string | undefined {
  if (rapport === undefined) return 'has no tab';
  const { connection, pending, topSeq, answer } = rapport.state();
  const stored = store.messages(conversation).length;
  if (connection.at !== 'open') return `is ${connection.at}`;
  if (outbox.unsent > 0) return `has ${outbox.unsent} unsent messages`;
  const waiting = pending.find(({ state }) => state !== 'failed');
  if (waiting !== undefined) return `waits for "${waiting.text}"`;
  if (topSeq !== stored) return `has ${topSeq} of ${stored} messages`;
  return answer && `still shows ${answer.turnId} being written`;
}

/** The first promise that does not hold once everything has come to rest. */
export function reckon(ground: Ground, devices: readonly Device[]): Broken | undefined {
  for (const device of devices) {
    const broken = saidOnce(ground, device) ?? shownWhole(ground, device);
    if (broken !== undefined) return broken;
  }
  return foldedToStore(ground) ?? answered(ground) ?? quietBefore(ground);
}

/** What a device said is stored exactly once, and in its order. */
function saidOnce({ store }: Ground, device: Device): Broken | undefined {
  const stored = store.messages(device.conversation).map(({ text = '' }) => text);
  const failed = new Set(device.failed);
  for (const { text, fate } of device.said) {
    const times = stored.filter((one) => one === text).length;
    const most = fate === 'refused' || failed.has(text) ? 0 : 1;
    const least = fate === 'kept' && !failed.has(text) ? 1 : 0;
    if (times > most || times < least) {
      const sentence = `"${text}" (${fate}${failed.has(text) ? ', failed' : ''}) is stored ${times} times`;
      return { invariant: 'said is stored exactly once', sentence };
    }
  }
  for (const row of device.rows) {
    const places = row.map(({ text }) => stored.indexOf(text)).filter((place) => place >= 0);
    const at = places.findIndex((place, index) => place < (places[index - 1] ?? -1));
    if (at < 0) continue;
    const sentence = `${device.name}: "${stored[places[at] ?? 0]}" is stored before what it said earlier`;
    return { invariant: 'a device keeps its order', sentence };
  }
  return undefined;
}

/** A device shows what the store has, from wherever it begins up to the end. */
function shownWhole({ store }: Ground, { rapport, conversation, name }: Device): Broken | undefined {
  const shown = rapport?.state().messages ?? [];
  const stored = store.messages(conversation).slice(-shown.length || undefined);
  const rows = [shown, stored].map((messages) =>
    messages.map(({ seq, id = '', text = '' }) => `${seq} ${id} ${text}`),
  );
  const [left = [], right = []] = rows;
  const at = right.findIndex((line, index) => left[index] !== line);
  if (at < 0 && left.length <= store.messages(conversation).length) return undefined;
  const sentence = `${name} shows "${left[at]}" where the store has "${right[at]}"`;
  return { invariant: 'every device shows what is stored', sentence };
}

/** Messages are what a fresh fold of the whole log makes of it. */
function foldedToStore(ground: Ground): Broken | undefined {
  for (const [name, { messages }] of refold(ground)) {
    const stored = ground.store.messages(name).map((message) => JSON.stringify(message));
    const at = messages.findIndex(({ json }, index) => json !== stored[index]);
    if (at < 0 && stored.length === messages.length) continue;
    const sentence = `${name} ${at + 1}: stored is ${stored[at]}, folded ${messages[at]?.json}`;
    return { invariant: 'history is the fold of the log', sentence };
  }
  return undefined;
}

/** Whatever a person said to a coach has an answer behind it, a failure at least. */
function answered({ store, catalog }: Ground): Broken | undefined {
  for (const name of store.names) {
    const [creatorId = ''] = name.split('/');
    if (catalog.creator(creatorId)?.creator.answering !== 'coach') continue;
    const messages = store.messages(name);
    const asked = messages.findLast(({ role }) => role === 'USER');
    const last = messages.at(-1);
    if (asked === undefined || last === undefined) continue;
    const state: unknown = JSON.parse(store.row(name)?.state ?? '{}');
    if (last.role !== 'USER' || stoppedAt(state) >= asked.seq) continue;
    return {
      invariant: 'what was said is answered',
      sentence: `${name} ${asked.seq} "${asked.text}" is not`,
    };
  }
  return undefined;
}

/** No message is there twice, and a follow-up comes once its person was quiet for as long as configured. */
function quietBefore({ store, catalog }: Ground): Broken | undefined {
  for (const name of store.names) {
    const messages = store.messages(name);
    const ids = messages.map(({ id }) => id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice !== undefined) return { invariant: 'no message is there twice', sentence: `${name} ${twice}` };
    const quietMs = (catalog.creator(name.split('/')[0] ?? '')?.creator.followUp?.afterSeconds ?? 0) * 1_000;
    const early = messages.find(({ id = '', atMs }, at) => {
      return id.startsWith('follow-up') && atMs < (messages[at - 1]?.atMs ?? 0) + quietMs;
    });
    if (early === undefined) continue;
    return { invariant: 'a follow-up waits for quiet', sentence: `${name} ${early.id} came too early` };
  }
  return undefined;
}

/** Up to where the person has had answers or wanted none. */
function stoppedAt(state: unknown): number {
  if (typeof state !== 'object' || state === null || !('answeredSeq' in state)) return 0;
  return typeof state.answeredSeq === 'number' ? state.answeredSeq : 0;
}

/** Folds every event of the log over new conversations, as a host does that has never seen them. */
function refold({ log, catalog }: Ground) {
  const actors = new Map<string, Actor>();
  const actorOf = ({ creatorId, userId }: ConversationKey) => {
    const name = conversationName({ creatorId, userId });
    const actor = actors.get(name) ?? { name, creatorId, userId, state: newConversation, inSeq: 0 };
    actors.set(name, actor);
    return actor;
  };
  const touched = log.partitions.flatMap((partition) => {
    const records = partition.map(openRecord);
    return fold(records, { actors: envelopesIn(records).map(actorOf), catalog }).touched;
  });
  return new Map(touched.map((entry) => [entry.actor.name, entry]));
}
