import { type Code, codes } from '@rapport/proto/codes.ts';
import type { Said } from '@rapport/proto/envelope.ts';
import type { ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Outcome } from '@rapport/stream/appender.ts';
import type { PersonLimits } from '../limits/limits.ts';
import type { Meters } from '../meters.ts';
import { type Member, memberOf, type PendingSay, type Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { admit } from './admit.ts';
import type { SayFrame } from './frame.ts';
import type { Inbound } from './inbound.ts';

/** Says in the log that wait for their owner; beyond it the oldest gets its receipt only by a new hello. */
const acceptedMax = 64;
/** When the log did not take a say, its client tries again after this. */
const busyRetryMs = 1_000;

/** A person's messages, from their frame to the receipt that ends them. */
export class Submissions {
  readonly #limits: Limits;
  readonly #personLimits: Pick<PersonLimits, 'said'>;
  readonly #inbound: Inbound;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #meters: Meters;
  readonly #acceptedAfterMs: number;
  /** Appended says in the order in which their ACCEPTED receipt is due, unless STORED comes first. */
  #due: { readonly say: PendingSay; readonly atMs: number }[] = [];

  constructor(options: {
    readonly limits: Limits;
    readonly personLimits: Pick<PersonLimits, 'said'>;
    readonly inbound: Inbound;
    readonly writer: Writer;
    readonly clock: Clock;
    readonly meters: Meters;
    readonly acceptedAfterMs: number;
  }) {
    this.#limits = options.limits;
    this.#personLimits = options.personLimits;
    this.#inbound = options.inbound;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#meters = options.meters;
    this.#acceptedAfterMs = options.acceptedAfterMs;
  }

  take(session: Session, member: Member, frame: SayFrame): void {
    const { room } = member;
    const verdict = admit(frame, {
      appending: member.appending,
      allowance: room.allowance,
      nowMs: this.#clock.monotonicMs(),
      limits: this.#limits,
    });
    if (!verdict.ok) {
      this.reject(session, frame, verdict);
      return;
    }
    room.allowance = verdict.allowance;
    this.#personLimits.said(room);
    this.#append(session, member, frame);
  }

  /** Refuses one say with a receipt; the socket stays. */
  reject(
    session: Session,
    { clientSeq, id }: Pick<SayFrame, 'clientSeq' | 'id'>,
    {
      code,
      reason,
      retryAfterMs,
    }: { readonly code: Code; readonly reason: string; readonly retryAfterMs?: number },
  ): void {
    const receipt: ReceiptJson = {
      clientSeq,
      id,
      state: 'REJECTED',
      code,
      reason,
      ...(retryAfterMs && { retryAfterMs }),
    };
    this.#writer.send(session, { receipt });
    this.#writer.countFault(session, code);
  }

  /** A final receipt came from the owner: what it is about waits no more. */
  settle(member: Member, receipt: ReceiptJson): void {
    const at = member.says.findIndex((say) => say.clientSeq === receipt.clientSeq);
    const say = member.says[at];
    if (say === undefined) return;
    member.says.splice(at, 1);
    if (say.at === 'appending') member.appending -= 1;
    say.at = 'settled';
  }

  /** Receipts whose deliveries were lost: everything up to `clientSeqStored` is stored. */
  settleStored(
    session: Session,
    member: Member,
    stored: { readonly clientSeqStored: number; readonly seqs: readonly number[] },
  ): void {
    const { clientSeqStored, seqs } = stored;
    for (const { clientSeq, id } of member.says.filter((say) => say.clientSeq <= clientSeqStored)) {
      const seq = seqs[seqs.length - 1 - (clientSeqStored - clientSeq)] ?? 0;
      const receipt: ReceiptJson = { clientSeq, id, state: 'STORED', seq };
      this.settle(member, receipt);
      this.#writer.send(session, { receipt });
    }
  }

  /** Sends the ACCEPTED receipts that are due. */
  tick(nowMs: number): void {
    let count = 0;
    for (const { say, atMs } of this.#due) {
      if (atMs > nowMs) break;
      count += 1;
      if (say.at !== 'accepted') continue;
      const { clientSeq, id } = say;
      this.#meters.acceptedReceipts.inc();
      this.#writer.send(say.session, { receipt: { clientSeq, id, state: 'ACCEPTED' } });
    }
    if (count > 0) this.#due = this.#due.slice(count);
  }

  #append(session: Session, member: Member, frame: SayFrame): void {
    const { room, deviceId } = member;
    const { clientSeq, id, text, choiceId } = frame;
    const channel = session.of === 'request' ? 'api' : 'web';
    const event: Said = {
      kind: 'said',
      deviceId,
      clientSeq,
      id,
      text,
      channel,
      ...(choiceId && { choiceId }),
    };
    const { creatorId, userId, partition } = room;
    const say: PendingSay = { session, clientSeq, id, at: 'appending' };
    const taken = this.#inbound.add(partition, { creatorId, userId, event }, (settled) =>
      this.#appended(say, settled),
    );
    if (!taken) {
      this.reject(session, frame, { code: 'busy', reason: codes.busy.sentence, retryAfterMs: busyRetryMs });
      return;
    }
    this.#meters.says.inc();
    if (member.says.length - member.appending >= acceptedMax) member.says.shift();
    member.says.push(say);
    member.appending += 1;
  }

  #appended(say: PendingSay, settled: Outcome): void {
    if (say.at !== 'appending') return;
    const member = memberOf(say.session);
    if (member === undefined) return;
    member.appending -= 1;
    if (settled === 'accepted') {
      say.at = 'accepted';
      this.#due.push({ say, atMs: this.#clock.monotonicMs() + this.#acceptedAfterMs });
      return;
    }
    say.at = 'settled';
    member.says.splice(member.says.indexOf(say), 1);
    this.reject(say.session, say, { code: 'busy', reason: codes.busy.sentence, retryAfterMs: busyRetryMs });
  }
}
