import type { Said } from '@rapport/proto/envelope.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Outcome } from '@rapport/stream/appender.ts';
import type { PersonLimits } from '../limits/limits.ts';
import type { Meters } from '../meters.ts';
import type { Receipts } from '../outgoing/receipts.ts';
import { giveSayBack } from '../sockets/allowance.ts';
import { type Member, memberOf, type PendingSay, type Session } from '../sockets/session.ts';
import { admit } from './admit.ts';
import type { Inbound } from './inbound.ts';
import type { SayFrame } from './up-frame.ts';

/** When the log did not take a say, its client tries again after this. */
const busy = { code: 'busy', retryAfterMs: 1_000 } as const;

export interface SubmissionsOptions {
  readonly limits: Limits;
  readonly personLimits: Pick<PersonLimits, 'said' | 'unsaid'>;
  readonly inbound: Inbound;
  readonly receipts: Receipts;
  readonly clock: Clock;
  readonly meters: Meters;
}

/** A person's messages, from their frame into the log. */
export class Submissions {
  readonly #options: SubmissionsOptions;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
  }

  take(session: Session, member: Member, frame: SayFrame): void {
    const { personLimits, receipts, clock, limits } = this.#options;
    const { room } = member;
    const say = { clientSeq: frame.clientSeq, id: frame.id.toLowerCase() };
    const verdict = admit(frame, {
      appending: member.appending,
      allowance: room.allowance,
      nowMs: clock.monotonicMs(),
      limits,
    });
    if (!verdict.ok) {
      receipts.reject(session, say, verdict);
      return;
    }
    room.allowance = verdict.allowance;
    personLimits.said(room);
    this.#append({ session, ...say, at: 'appending' }, member, frame);
  }

  #append(say: PendingSay, member: Member, frame: SayFrame): void {
    const { inbound, receipts, meters } = this.#options;
    const { creatorId, userId, partition } = member.room;
    const event = saidOf(say, member, frame);
    const taken = inbound.add(partition, { creatorId, userId, event }, (outcome) =>
      this.#appended(say, outcome),
    );
    if (!taken) {
      this.#giveBack(member);
      receipts.reject(say.session, say, busy);
      return;
    }
    meters.says.inc();
    receipts.await(member, say);
  }

  #appended(say: PendingSay, outcome: Outcome): void {
    const member = say.at === 'appending' ? memberOf(say.session) : undefined;
    if (member === undefined) return;
    if (outcome === 'accepted') {
      this.#options.receipts.accept(member, say);
      return;
    }
    this.#giveBack(member);
    this.#options.receipts.lose(member, say, busy);
  }

  /** A say that the log did not take costs nothing: the log's trouble must not end in `too_fast`. */
  #giveBack({ room }: Member): void {
    room.allowance = giveSayBack(room.allowance);
    this.#options.personLimits.unsaid(room);
  }
}

function saidOf({ session, clientSeq, id }: PendingSay, { deviceId }: Member, frame: SayFrame): Said {
  const { text, choiceId } = frame;
  const channel = session.of === 'request' ? 'api' : 'web';
  return { kind: 'said', deviceId, clientSeq, id, text, channel, ...(choiceId && { choiceId }) };
}
