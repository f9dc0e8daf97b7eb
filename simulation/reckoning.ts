import { type Conversation, newConversation } from '@rapport/actors/conversation/state.ts';
import type { Actor } from '@rapport/actors/memory/residents.ts';
import { envelopesIn, fold, openRecord } from '@rapport/actors/partition/batch.ts';
import { readRow } from '@rapport/actors/partition/state-row.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Device } from './device.ts';
import type { Ground } from './gateways.ts';
import { newestParts } from './parts.ts';
import { tallyOf } from './row-watch.ts';
import type { StoreModel } from './store-model.ts';
import type { Broken } from './world.ts';

/** Names something that is not at rest, now that nothing goes wrong any more; undefined when all is. */
export function unrest(ground: Ground, devices: readonly Device[]): string | undefined {
  for (const device of devices) {
    const moves = movesAt(ground, device);
    if (moves !== undefined) return `${device.name} ${moves}`;
  }
  for (const partition of ground.log.partitions.keys()) {
    const readers = ground.log.readersOf(partition);
    if (readers !== 1) return `partition ${partition} is read by ${readers}`;
  }
  return unfolded(ground) ?? stillBusy(ground);
}

/** A conversation whose row is not yet what a fresh fold of the log gives. */
function unfolded(ground: Ground): string | undefined {
  if (ground.isMixed) return undefined; // A fresh fold would be of one version.
  for (const [name, { state }] of refold(ground)) {
    const row = ground.store.row(name);
    if (row === undefined && state === newConversation) continue; // Nothing came of its events.
    const stored = readRow(row?.state ?? '');
    if ('unreadable' in stored || JSON.stringify(stored.state) !== JSON.stringify(state))
      return `${name} is not what its log says: ${row?.state}`;
  }
  return undefined;
}

function stillBusy({ store }: Ground): string | undefined {
  for (const [name, { core }] of states(store)) {
    if (core.turn.at !== 'idle') return `${name} still has turn ${core.turn.turnId}`;
    if ((core.timers?.pending.length ?? 0) > 0) return `${name} still has a timer`;
  }
  return undefined;
}

function states(store: StoreModel): ReadonlyMap<string, Conversation> {
  return new Map(
    store.names.flatMap((name) => {
      const row = readRow(store.row(name)?.state ?? '');
      return 'unreadable' in row ? [] : [[name, row.state] as const];
    }),
  );
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
  return (
    foldedToStore(ground) ?? answered(ground) ?? usageKept(ground) ?? told(ground) ?? quietBefore(ground)
  );
}

/** Everything that a device said is stored exactly once, and in its order. */
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

/** A device shows the messages of the store, from its first one up to the newest. */
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

/** A fresh fold of the whole log gives the messages of the store. */
function foldedToStore(ground: Ground): Broken | undefined {
  if (ground.isMixed) return undefined;
  for (const [name, { messages }] of refold(ground)) {
    const stored = ground.store.messages(name).map((message) => JSON.stringify(message));
    const at = messages.findIndex(({ json }, index) => json !== stored[index]);
    if (at < 0 && stored.length === messages.length) continue;
    const sentence = `${name} ${at + 1}: stored is ${stored[at]}, folded ${messages[at]?.json}`;
    return { invariant: 'history is the fold of the log', sentence };
  }
  return undefined;
}

/** Everything that a person said to a coach is followed by an answer, or at least by a failure. */
function answered({ store, catalog }: Ground): Broken | undefined {
  for (const name of store.names) {
    const [creatorId = ''] = name.split('/');
    if (catalog.creator(creatorId)?.creator.answering !== 'coach') continue;
    const messages = store.messages(name);
    const asked = messages.findLast(({ role }) => role === 'USER');
    const last = messages.at(-1);
    if (asked === undefined || last === undefined) continue;
    const { answeredSeq = 0 } = states(store).get(name)?.core ?? {};
    if (last.role !== 'USER' || answeredSeq >= asked.seq) continue;
    return {
      invariant: 'what was said is answered',
      sentence: `${name} ${asked.seq} "${asked.text}" is not`,
    };
  }
  return undefined;
}

/** An answer is stored with what it took. */
function usageKept({ store }: Ground): Broken | undefined {
  for (const name of store.names) {
    const silent = store.messages(name).find(({ id = '', usage }) => {
      return id.startsWith('answer-') && (usage === undefined || usage.wholeMs < (usage.firstTextMs ?? 0));
    });
    if (silent === undefined) continue;
    const sentence = `${name} ${silent.id} took ${JSON.stringify(silent.usage)}`;
    return { invariant: 'what an answer took is stored with it', sentence };
  }
  return undefined;
}

/** Each moment was told once, and each timer fired once. A host of an older version tells nothing. */
function told({ store, isMixed }: Ground): Broken | undefined {
  for (const [name, { parts }] of states(store)) {
    const messages = store.messages(name);
    const said = messages.filter(({ role }) => role === 'USER').length;
    const ended = messages.filter(({ turnId }) => turnId !== undefined).length;
    const tally = tallyOf(parts);
    const isRight = isMixed
      ? tally.said <= said && tally.ended <= ended
      : tally.said === said && tally.ended === ended;
    if (isRight && tally.rang === Math.min(1, tally.said)) continue;
    const sentence = `${name}: ${said} said and ${ended} ended, the tally is ${JSON.stringify(tally)}`;
    return { invariant: 'a part is told each moment once', sentence };
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

/** Folds every event of the log over new conversations, as a host without any history would. */
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
    const actors = envelopesIn(records).map(actorOf);
    return fold(records, { actors, catalog, parts: newestParts }).touched;
  });
  return new Map(touched.map((entry) => [entry.actor.name, entry]));
}
