// Hop 12 of 12: widget/sdk/timeline - frames become one ordered conversation: order, holes, streaming text.
import { isFinal } from './flight.ts';
import type { Frame, History, Message, Receipt, Role, Welcome } from './frame.ts';
import type { UnsentSay } from './outbox.ts';

/**
 * The conversation as a value, folded from frames by `applyFrame`. The same conversation comes out whatever
 * is repeated, lost with a connection, or sent again after it.
 */
export interface Timeline {
  readonly userId: string;
  /**
   * `messages` has every seq above this one without a hole; undefined until the server has told where it
   * begins.
   */
  readonly base: number | undefined;
  readonly messages: readonly Message[];
  /** Messages beyond a hole, by seq: they wait until the hole is filled. */
  readonly ahead: readonly Message[];
  readonly pending: readonly Pending[];
  readonly answer: RunningAnswer | undefined;
  /** The newest turns whose answer is over: a late delta of theirs must not bring the answer back. */
  readonly ended: readonly string[];
  /** The newest turns that somebody stopped: their messages are shown as such. */
  readonly stopped: readonly string[];
  /** The role of somebody else who is writing. */
  readonly typing: Role | undefined;
  readonly sockets: number;
  readonly readSeq: number;
}

/** Something the person said that is not yet among `messages`. */
export interface Pending {
  readonly id: string;
  readonly text: string;
  readonly choiceId: string;
  readonly atMs: number;
  readonly state: 'waiting' | 'accepted' | 'stored' | 'failed';
  /** Its place in the conversation once it is stored; 0 before. */
  readonly seq: number;
  /** The answer that was cut off when this was said, so that it is shown below that; empty for none. */
  readonly afterTurnId: string;
  /** Why it failed: a code of the catalogue and its sentence. */
  readonly code: string;
  readonly reason: string;
}

/**
 * The answer that is being written. `over`: it was stopped or failed, and its message is not here yet. `cut`:
 * the connection is gone, and the next one tells how it went on.
 */
export interface RunningAnswer {
  readonly turnId: string;
  /** Never ends in the middle of a character. */
  readonly text: string;
  /** The first half of a character whose second half has not come yet. */
  readonly half: string;
  readonly at: 'writing' | 'over' | 'cut';
}

/** Messages held in memory; above it the oldest are let go, and `page` brings them again. */
export const messagesMax = 3_000;
const messagesKept = 2_000;
const aheadMax = 1_000;
const endedMax = 8;
const stoppedMax = 100;

export function emptyTimeline(afterSeq = 0): Timeline {
  return {
    userId: '',
    base: afterSeq > 0 ? afterSeq : undefined,
    messages: [],
    ahead: [],
    pending: [],
    answer: undefined,
    ended: [],
    stopped: [],
    typing: undefined,
    sockets: 0,
    readSeq: 0,
  };
}

/** The newest seq up to which everything is here. */
export function topSeq(timeline: Timeline): number {
  return timeline.messages.at(-1)?.seq ?? timeline.base ?? 0;
}

/** Messages after `topSeq` are missing: ask for them. */
export function hasHole(timeline: Timeline): boolean {
  return timeline.ahead.length > 0;
}

/** The person said something: shown at once. */
export function expect(timeline: Timeline, said: UnsentSay): Timeline {
  if (timeline.pending.some(({ id }) => id === said.id)) return timeline;
  const { id, text, choiceId, atMs } = said;
  const { answer } = timeline;
  const afterTurnId = answer?.at === 'cut' ? answer.turnId : '';
  const pending: Pending = {
    ...{ id, text, choiceId, atMs, afterTurnId },
    ...{ state: 'waiting', seq: 0, code: '', reason: '' },
  };
  return { ...timeline, pending: [...timeline.pending, pending] };
}

/** The person needs the mark of a say that failed no longer. */
export function dismiss(timeline: Timeline, id: string): Timeline {
  return { ...timeline, pending: timeline.pending.filter((one) => one.id !== id || one.state !== 'failed') };
}

/** The connection is gone: nothing is known of what was being written. */
export function disconnected(timeline: Timeline): Timeline {
  const { answer } = timeline;
  if (answer === undefined && timeline.typing === undefined) return timeline;
  return { ...timeline, typing: undefined, answer: answer && { ...answer, at: 'cut' } };
}

export function applyFrame(timeline: Timeline, frame: Frame): Timeline {
  switch (frame.kind) {
    case 'welcome':
      return welcomed(timeline, frame);
    case 'receipt':
      return marked(timeline, frame);
    case 'message':
      return withMessages(timeline, [plain(frame)]);
    case 'history':
      return withHistory(timeline, frame);
    case 'turn':
      return withTurn(timeline, frame);
    case 'delta':
      return withDelta(timeline, frame);
    case 'snapshot':
      return withText(timeline, frame.turnId, frame.text);
    case 'typing':
      return { ...timeline, typing: frame.on ? frame.role : undefined };
    case 'presence':
      return { ...timeline, sockets: frame.sockets };
    case 'read':
      return { ...timeline, readSeq: Math.max(timeline.readSeq, frame.seq) };
    case 'fault':
    case 'goodbye':
      return timeline; // They are about the connection.
  }
}

/**
 * A connection begins. The running answer is let go: the server sends a snapshot right after if it still
 * runs, and nothing if it ended meanwhile. Another person, or a conversation shorter than what is here,
 * means that all of this is of a conversation that is no more. Says of another person are not shown to this
 * one.
 */
function welcomed(timeline: Timeline, welcome: Welcome): Timeline {
  const another = timeline.userId !== '' && timeline.userId !== welcome.userId;
  const shorter = welcome.topSeq < topSeq(timeline);
  const pending = another ? [] : timeline.pending;
  const kept = another || shorter ? { ...emptyTimeline(), pending } : timeline;
  return {
    ...kept,
    userId: welcome.userId,
    base: kept.base ?? (welcome.topSeq === 0 ? 0 : undefined),
    answer: undefined,
    typing: undefined,
    readSeq: Math.max(kept.readSeq, welcome.readSeq),
  };
}

/** A rejection that is not final changes nothing for the person: the sender sends again. */
function marked(timeline: Timeline, receipt: Receipt): Timeline {
  if (receipt.state === 'REJECTED' && !isFinal(receipt)) return timeline;
  const state = { ACCEPTED: 'accepted', STORED: 'stored', REJECTED: 'failed' } as const;
  const pending = timeline.pending.map((one): Pending => {
    if (one.id !== receipt.id) return one;
    const { seq, code, reason } = receipt;
    return { ...one, state: state[receipt.state], seq, code, reason };
  });
  return withoutPlaced({ ...timeline, pending });
}

/**
 * A stored say whose place is at or below the newest message needs no mark: it is among the messages, or so
 * old that it lies before them. A say without a place (seq 0) was stored too long ago to say where.
 */
function withoutPlaced(timeline: Timeline): Timeline {
  const top = topSeq(timeline);
  const pending = timeline.pending.filter(({ state, seq }) => state !== 'stored' || seq > top);
  return pending.length === timeline.pending.length ? timeline : { ...timeline, pending };
}

function withHistory(timeline: Timeline, history: History): Timeline {
  const first = history.messages[0];
  if (!first) return timeline;
  if (timeline.base === undefined) {
    return withMessages({ ...timeline, base: first.seq - 1 }, history.messages);
  }
  return withMessages(withOlder(timeline, timeline.base, history.messages), history.messages);
}

/** Puts what ends exactly at the base before everything else. */
function withOlder(timeline: Timeline, base: number, messages: readonly Message[]): Timeline {
  const older = messages.filter(({ seq }) => seq <= base);
  const fits = older.length > 0 && older.every(({ seq }, at) => seq === base - older.length + 1 + at);
  if (!fits) return timeline;
  return { ...timeline, base: base - older.length, messages: [...older, ...timeline.messages] };
}

/** Takes what follows; keeps what lies beyond a hole aside; ignores what is here. */
function withMessages(timeline: Timeline, incoming: readonly Message[]): Timeline {
  const top = topSeq(timeline);
  const known = new Set(timeline.ahead.map(({ seq }) => seq));
  const fresh = incoming.filter(({ seq }) => seq > top && !known.has(seq));
  if (fresh.length === 0) return timeline;
  const waiting = [...timeline.ahead, ...fresh].sort((a, b) => a.seq - b.seq);
  const inOrder: Message[] = [];
  if (timeline.base !== undefined) {
    for (const message of waiting) {
      if (message.seq === top + inOrder.length + 1) inOrder.push(message);
    }
  }
  const ahead = waiting.slice(inOrder.length, inOrder.length + aheadMax);
  const grown = trimmed({ ...timeline, ahead, messages: [...timeline.messages, ...inOrder] });
  return withoutPlaced(inOrder.reduce(append, grown));
}

/** The message without the frame's `kind`: a live message and the same one from the history are equal. */
function plain({ kind: _, ...message }: Frame & { kind: 'message' }): Message {
  return message;
}

/** What a message in its place changes beside the list itself. */
function append(timeline: Timeline, message: Message): Timeline {
  const pending =
    message.role === 'USER' ? timeline.pending.filter(({ id }) => id !== message.id) : timeline.pending;
  const typing = timeline.typing === message.role ? undefined : timeline.typing;
  const closes = message.turnId !== '' && message.role !== 'USER';
  return { ...(closes ? ended(timeline, message.turnId) : timeline), pending, typing };
}

function trimmed(timeline: Timeline): Timeline {
  if (timeline.messages.length <= messagesMax) return timeline;
  const messages = timeline.messages.slice(-messagesKept);
  return { ...timeline, messages, base: (messages[0]?.seq ?? 1) - 1 };
}

function ended(timeline: Timeline, turnId: string): Timeline {
  const answer = timeline.answer?.turnId === turnId ? undefined : timeline.answer;
  if (timeline.ended.includes(turnId)) return { ...timeline, answer };
  return { ...timeline, answer, ended: [...timeline.ended, turnId].slice(-endedMax) };
}

function withTurn(timeline: Timeline, turn: Frame & { kind: 'turn' }): Timeline {
  // The text begins anew, because another host may write it. If the same host goes on, a snapshot follows at
  // once.
  if (turn.state === 'STARTED') return withText(timeline, turn.turnId, '');
  const over = ended(turn.state === 'STOPPED' ? withStopped(timeline, turn.turnId) : timeline, turn.turnId);
  const { answer } = timeline;
  if (answer?.turnId !== turn.turnId) return over;
  // Its message replaces the text; until then the text stays, so that nothing flickers.
  return { ...over, answer: answer.text === '' ? undefined : { ...answer, at: 'over' } };
}

function withStopped(timeline: Timeline, turnId: string): Timeline {
  if (timeline.stopped.includes(turnId)) return timeline;
  return { ...timeline, stopped: [...timeline.stopped, turnId].slice(-stoppedMax) };
}

/**
 * Puts a delta where it belongs. Text that is covered already is ignored, so a repeated delta changes
 * nothing. A delta beyond the text is ignored too: deltas are left out for slow readers, and a snapshot or
 * the whole message always follows.
 */
function withDelta(timeline: Timeline, delta: Frame & { kind: 'delta' }): Timeline {
  const { answer } = timeline;
  const text = answer?.turnId === delta.turnId ? answer.text + answer.half : '';
  if (delta.offset > text.length) return text === '' ? withText(timeline, delta.turnId, '') : timeline;
  const unseen = delta.text.slice(text.length - delta.offset);
  return unseen === '' ? timeline : withText(timeline, delta.turnId, text + unseen);
}

const endsInHalf = /[\ud800-\udbff]$/;

function withText(timeline: Timeline, turnId: string, written: string): Timeline {
  if (timeline.ended.includes(turnId)) return timeline;
  const half = endsInHalf.exec(written)?.[0] ?? '';
  const text = written.slice(0, written.length - half.length);
  return { ...timeline, answer: { turnId, text, half, at: 'writing' } };
}
