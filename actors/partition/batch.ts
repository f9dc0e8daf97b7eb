import type { Catalog } from '@rapport/catalog/catalog.ts';
import { type ConversationWrite, type EncodedMessage, encodeMessage } from '@rapport/history/history.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import type { LogRecord } from '@rapport/stream/inbox.ts';
import { decide } from '../conversation/decide.ts';
import type { Context, Effect } from '../conversation/decision.ts';
import type { Conversation } from '../conversation/state.ts';
import type { Actor, Damaged } from '../memory/residents.ts';
import { rowText } from './state-row.ts';

/** Envelopes of one record at most; leaves 2^43 records before a position is not a whole number any more. */
const envelopesPerRecordMax = 1_024;

/** The position of an envelope in the log as one growing number. */
export function positionOf(sequence: number, index: number): number {
  return sequence * envelopesPerRecordMax + index;
}

/** The sequence of the record in which a position lies. */
export function sequenceOf(position: number): number {
  return Math.floor(position / envelopesPerRecordMax);
}

/** What a batch makes of one conversation: nothing of it is true until it is committed. */
export interface Touched {
  readonly actor: Actor;
  state: Conversation;
  inSeq: number;
  /** In order of seq, without a hole. */
  readonly messages: EncodedMessage[];
  readonly effects: Effect[];
}

export interface Poison {
  readonly envelope: Envelope;
  readonly failure: unknown;
}

export interface Folded {
  readonly touched: readonly Touched[];
  readonly poison: readonly Poison[];
  /** Actors whose rows record effects that may never have been performed. */
  readonly again: ReadonlySet<Actor>;
  readonly events: number;
}

/**
 * Folds the records of a batch over their actors, one for each envelope in order, which stay as they are
 * until `settle`.
 */
export function fold(
  records: readonly LogRecord[],
  options: {
    readonly actors: readonly (Actor | Damaged)[];
    readonly catalog: Pick<Catalog, 'creator'>;
  },
): Folded {
  const touched = new Map<Actor, Touched>();
  const poison: Poison[] = [];
  const again = new Set<Actor>();
  let events = 0;
  let at = 0;
  for (const record of records) {
    for (const [index, envelope] of (record.envelopes ?? []).entries()) {
      const actor = options.actors[at];
      at += 1;
      if (actor === undefined) throw new Error(`Cannot fold envelope ${at} of the batch: it has no actor`);
      if ('damaged' in actor) {
        poison.push({ envelope, failure: actor.damaged });
        continue;
      }
      const entry = touched.get(actor) ?? untouched(actor);
      const position = positionOf(record.sequence, index);
      if (position <= entry.inSeq) {
        if (entry.actor.outbox !== undefined) again.add(entry.actor);
        continue; // Read again after a restart: folded before.
      }
      touched.set(actor, entry);
      events += 1;
      try {
        foldOne(entry, envelope, contextOf(envelope, record, options.catalog));
      } catch (failure) {
        poison.push({ envelope, failure }); // The conversation goes on without it.
      }
      entry.inSeq = position;
    }
  }
  return { touched: [...touched.values()], poison, again, events };
}

function untouched(actor: Actor): Touched {
  return { actor, state: actor.state, inSeq: actor.inSeq, messages: [], effects: [] };
}

function foldOne(entry: Touched, envelope: Envelope, context: Context): void {
  const decision = decide(entry.state, envelope.event, context);
  entry.state = decision.state;
  for (const message of decision.messages) entry.messages.push(encodeMessage(message));
  for (const effect of decision.effects) entry.effects.push(effect);
}

function contextOf(envelope: Envelope, record: LogRecord, catalog: Pick<Catalog, 'creator'>): Context {
  const configured = catalog.creator(envelope.creatorId);
  return {
    userId: envelope.userId,
    atMs: Math.floor(record.timeUs / 1_000),
    // Of a creator that was deleted meanwhile, messages are kept and no model is asked.
    answering: configured?.creator.answering ?? 'people',
    configVersion: configured?.version ?? 0,
    ...(configured?.creator.followUp && { followUp: configured.creator.followUp }),
  };
}

/** The write of a touched conversation; undefined when nothing worth keeping changed. */
export function writeOf(entry: Touched, epoch: number): ConversationWrite | undefined {
  if (entry.state === entry.actor.state) return undefined;
  return {
    creatorId: entry.actor.creatorId,
    userId: entry.actor.userId,
    messages: entry.messages,
    state: rowText(entry.state, entry.effects),
    inSeq: entry.inSeq,
    epoch,
    topSeq: entry.state.topSeq,
  };
}

/** Makes it true, after the commit. */
export function settle(entry: Touched): void {
  entry.actor.state = entry.state;
  entry.actor.inSeq = entry.inSeq;
}
