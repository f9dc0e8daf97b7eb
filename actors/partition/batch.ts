import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { Creator } from '@rapport/catalog/creator.ts';
import { type ConversationWrite, type EncodedMessage, encodeMessage } from '@rapport/history/history.ts';
import { type BatchEntry, decodeBatch, isReadable, type Unreadable } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import type { LogRecord } from '@rapport/stream/inbox.ts';
import { decide } from '../conversation/decide.ts';
import type { Context } from '../conversation/decision.ts';
import type { Effect } from '../conversation/effect.ts';
import type { Part } from '../conversation/part.ts';
import type { Conversation } from '../conversation/state.ts';
import type { Actor, Damaged } from '../memory/residents.ts';
import { rowText } from './state-row.ts';

/** Most envelopes of one record. It leaves 2^43 records before positions are no exact numbers any more. */
const envelopesPerRecordMax = 1_024;

/** The position of an envelope in the log as one growing number. */
export function positionOf(sequence: number, index: number): number {
  return sequence * envelopesPerRecordMax + index;
}

/** The sequence of the record in which a position lies. */
export function sequenceOf(position: number): number {
  return Math.floor(position / envelopesPerRecordMax);
}

/** A record whose turn has come, with its entries decoded. */
export interface OpenRecord extends Pick<LogRecord, 'sequence' | 'timeUs' | 'bytes'> {
  readonly entries: readonly BatchEntry[];
}

export function openRecord({ sequence, timeUs, bytes }: LogRecord): OpenRecord {
  return { sequence, timeUs, bytes, entries: decodeBatch(bytes) };
}

/** The envelopes of these records, in order, without the entries that cannot be read. */
export function envelopesIn(records: readonly OpenRecord[]): readonly Envelope[] {
  return records.flatMap(({ entries }) => entries.filter(isReadable));
}

/** The changes of a batch in one conversation. They do not count before they are committed. */
export interface Touched {
  readonly actor: Actor;
  state: Conversation;
  inSeq: number;
  /** In order of seq, without a hole. */
  readonly messages: EncodedMessage[];
  readonly effects: Effect[];
  /** The row is written even when the state did not change: its recorded effects did. */
  mustWrite: boolean;
}

export interface Poison {
  readonly envelope: Envelope;
  readonly failure: unknown;
}

export interface Folded {
  readonly touched: readonly Touched[];
  readonly poison: readonly Poison[];
  readonly unreadable: readonly Unreadable[];
  /** Actors whose rows record effects that may not have been performed. */
  readonly again: ReadonlySet<Actor>;
  readonly events: number;
}

/**
 * Folds the records of a batch over their actors. The actors stay as they are until `settle`. An event that
 * cannot be decided, and an entry that cannot be read, are set aside by themselves: the others of their
 * record belong to other people, who were told that theirs are accepted.
 */
export function fold(
  records: readonly OpenRecord[],
  options: {
    /** One for each of `envelopesIn(records)`. */
    readonly actors: readonly (Actor | Damaged)[];
    readonly catalog: Pick<Catalog, 'creator'>;
    /** Absent: all parts. */
    readonly parts?: readonly Part[];
  },
): Folded {
  const touched = new Map<Actor, Touched>();
  const poison: Poison[] = [];
  const unreadable: Unreadable[] = [];
  const again = new Set<Actor>();
  let events = 0;
  let at = 0;
  for (const record of records) {
    for (const [index, envelope] of record.entries.entries()) {
      if ('unreadable' in envelope) {
        unreadable.push(envelope);
        continue;
      }
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
        if (entry.actor.kept !== undefined) keepEffects(entry, { touched, again });
        continue; // It was folded before, and is read again after a restart.
      }
      if (actor.owed !== undefined) {
        again.add(actor);
        entry.mustWrite = true; // The next row no longer holds them.
      }
      touched.set(actor, entry);
      events += 1;
      try {
        foldOne(entry, envelope, {
          context: contextOf(envelope, record, options.catalog),
          parts: options.parts,
        });
      } catch (failure) {
        poison.push({ envelope, failure }); // The conversation goes on without it.
      }
      entry.inSeq = position;
    }
  }
  return { touched: [...touched.values()], poison, unreadable, again, events };
}

function untouched(actor: Actor): Touched {
  return { actor, state: actor.state, inSeq: actor.inSeq, messages: [], effects: [], mustWrite: false };
}

/**
 * The host that wrote the row may have died before it performed these effects, and only a newer host can.
 * The next checkpoint goes past the batch that recorded them, so the row has to say that they are still to be
 * performed.
 */
function keepEffects(
  entry: Touched,
  { touched, again }: { readonly touched: Map<Actor, Touched>; readonly again: Set<Actor> },
): void {
  entry.mustWrite = true;
  touched.set(entry.actor, entry);
  again.add(entry.actor);
}

function foldOne(
  entry: Touched,
  { event }: Envelope,
  { context, parts }: { readonly context: Context; readonly parts: readonly Part[] | undefined },
): void {
  const decision = decide(entry.state, event, context, parts);
  entry.state = decision.state;
  for (const message of decision.messages) entry.messages.push(encodeMessage(message));
  for (const effect of decision.effects) entry.effects.push(effect);
}

function contextOf(
  envelope: Envelope,
  record: Pick<LogRecord, 'timeUs'>,
  catalog: Pick<Catalog, 'creator'>,
): Context {
  const configured = catalog.creator(envelope.creatorId);
  return {
    userId: envelope.userId,
    atMs: Math.floor(record.timeUs / 1_000),
    // The creator may be deleted by now: then messages are kept and no model is asked.
    answering: configured?.creator.answering ?? 'people',
    configVersion: configured?.version ?? 0,
    settings: configured === undefined ? noSettings : settingsOf(configured.creator),
  };
}

const noSettings = {};

/** The creator's own field `followUp` sets the part of that name. */
function settingsOf({ followUp, parts }: Creator): Context['settings'] {
  if (followUp === undefined) return parts ?? noSettings;
  return { 'follow-up': followUp, ...parts };
}

/** The write of a touched conversation; undefined when nothing changed that is worth keeping. */
export function writeOf(entry: Touched, epoch: number): ConversationWrite | undefined {
  if (entry.state === entry.actor.state && !entry.mustWrite) return undefined;
  return {
    creatorId: entry.actor.creatorId,
    userId: entry.actor.userId,
    messages: entry.messages,
    state: rowText(entry.state, { effects: entry.effects, kept: entry.actor.kept ?? [] }),
    inSeq: entry.inSeq,
    epoch,
    topSeq: entry.state.core.topSeq,
  };
}

/** Gives the actor its new state, after the commit. */
export function settle(entry: Touched): void {
  entry.actor.state = entry.state;
  entry.actor.inSeq = entry.inSeq;
}
