import { type Code, codes } from '@rapport/proto/codes.ts';
import type { Attached } from '@rapport/proto/delivery.ts';
import type { ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { isMarkedOtherwise, markOf } from '@rapport/proto/id-mark.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Meters } from '../meters.ts';
import type { Member, PendingSay, Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';

/** Says in the log that wait for their owner; beyond it the oldest gets its receipt only by a new hello. */
const acceptedMax = 64;

export interface ReceiptsOptions {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly acceptedAfterMs: number;
}

/** A say as its receipts name it. */
export type SayName = Pick<PendingSay, 'clientSeq' | 'id'>;

/** Why a say is not taken. */
export interface Refusal {
  readonly code: Code;
  readonly reason?: string;
  readonly retryAfterMs?: number;
}

/** Follows each say from its way into the log to the receipt that ends it. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  /** Appended says in the order in which their ACCEPTED receipt is due, unless STORED comes first. */
  #due: { readonly say: PendingSay; readonly atMs: number }[] = [];

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /** The say is on its way into the log. */
  await(member: Member, say: PendingSay): void {
    if (member.says.length - member.appending >= acceptedMax) member.says.shift();
    member.says.push(say);
    member.appending += 1;
  }

  /** The log has the say: ACCEPTED is sent unless STORED comes first. */
  accept(member: Member, say: PendingSay): void {
    const { clock, acceptedAfterMs } = this.#options;
    member.appending -= 1;
    say.at = 'accepted';
    this.#due.push({ say, atMs: clock.monotonicMs() + acceptedAfterMs });
  }

  /** The log did not say that it has the say. The client sends it again; the actor knows repetitions. */
  lose(member: Member, say: PendingSay, refusal: Refusal): void {
    member.appending -= 1;
    say.at = 'settled';
    member.says.splice(member.says.indexOf(say), 1);
    this.reject(say.session, say, refusal);
  }

  /** Refuses one say with a receipt; the socket stays. */
  reject(session: Session, { clientSeq, id }: SayName, { code, reason, retryAfterMs }: Refusal): void {
    const { writer } = this.#options;
    const receipt: ReceiptJson = {
      clientSeq,
      id,
      state: 'REJECTED',
      code,
      reason: reason ?? codes[code].sentence,
      ...(retryAfterMs && { retryAfterMs }),
    };
    writer.send(session, { receipt });
    writer.countFault(session, code);
  }

  /**
   * A final receipt came from the owner: the say with this number and this id waits no more. The number alone
   * does not name a say, because two copies of one device can count alike.
   */
  settle(member: Member, { clientSeq, id }: ReceiptJson): void {
    const at = member.says.findIndex((say) => say.clientSeq === clientSeq && say.id === id);
    const say = member.says[at];
    if (say === undefined) return;
    member.says.splice(at, 1);
    if (say.at === 'appending') member.appending -= 1;
    say.at = 'settled';
  }

  /**
   * Sends the receipts whose deliveries were lost: the owner has a say under every number up to
   * `clientSeqStored`. Where that is another say, the waiting one is refused, as the owner does.
   */
  settleStored(
    session: Session,
    member: Member,
    stored: Pick<Attached, 'clientSeqStored' | 'seqs' | 'marks'>,
  ): void {
    const { clientSeqStored, seqs, marks = '' } = stored;
    for (const { clientSeq, id } of member.says.filter((say) => say.clientSeq <= clientSeqStored)) {
      const back = clientSeqStored - clientSeq;
      const receipt: ReceiptJson = isMarkedOtherwise(marks, back, markOf(id))
        ? { clientSeq, id, state: 'REJECTED', code: 'number_reused', reason: codes.number_reused.sentence }
        : { clientSeq, id, state: 'STORED', seq: seqs[seqs.length - 1 - back] ?? 0 };
      this.settle(member, receipt);
      this.#options.writer.send(session, { receipt });
    }
  }

  /** Sends the ACCEPTED receipts that are due. */
  tick(nowMs: number): void {
    const { meters, writer } = this.#options;
    let count = 0;
    for (const { say, atMs } of this.#due) {
      if (atMs > nowMs) break;
      count += 1;
      if (say.at !== 'accepted') continue;
      const { clientSeq, id } = say;
      meters.acceptedReceipts.inc();
      writer.send(say.session, { receipt: { clientSeq, id, state: 'ACCEPTED' } });
    }
    if (count > 0) this.#due = this.#due.slice(count);
  }
}
