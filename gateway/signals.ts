import type { Controls } from './controls.ts';
import type { Conversation } from './conversations.ts';
import type { Inbound } from './inbound.ts';
import type { Member, Session } from './session.ts';

/** Typing, reading and stopping: only the newest of each sweep counts, however often a client sends them. */
export class Signals {
  readonly #controls: Controls;
  readonly #inbound: Inbound;
  readonly #typing = new Map<Session, { readonly member: Member; readonly on: boolean }>();
  readonly #reads = new Map<Conversation, number>();
  readonly #stops = new Map<Conversation, string>();

  constructor(options: { readonly controls: Controls; readonly inbound: Inbound }) {
    this.#controls = options.controls;
    this.#inbound = options.inbound;
  }

  typing(session: Session, member: Member, on: boolean): void {
    this.#typing.set(session, { member, on });
  }

  /** Nobody has read what was not sent to them yet, so `seq` counts up to `sentSeq`. */
  read({ conversation }: Member, { seq, sentSeq }: { readonly seq: number; readonly sentSeq: number }): void {
    const upTo = Math.min(seq, sentSeq);
    if (upTo > Math.max(conversation.readSeq, this.#reads.get(conversation) ?? 0)) {
      this.#reads.set(conversation, upTo);
    }
  }

  /** An answer that has ended already needs no stop. */
  stop({ conversation }: Member, turnId: string): void {
    if (conversation.turn?.turnId === turnId) this.#stops.set(conversation, turnId);
  }

  tick(): void {
    for (const [{ id }, { member, on }] of this.#typing) {
      const { creatorId, userId, partition } = member.conversation;
      this.#controls.add(partition, { kind: 'typing', creatorId, userId, sessionId: id, on });
    }
    this.#typing.clear();
    for (const [{ creatorId, userId, partition }, turnId] of this.#stops) {
      this.#controls.add(partition, { kind: 'stop', creatorId, userId, turnId });
    }
    this.#stops.clear();
    for (const [conversation, seq] of this.#reads) this.#append(conversation, seq);
    this.#reads.clear();
  }

  #append(conversation: Conversation, seq: number): void {
    const { creatorId, userId, partition } = conversation;
    const before = conversation.readSeq;
    conversation.readSeq = seq;
    const forget = () => {
      conversation.readSeq = before; // The next read frame tries again.
    };
    const taken = this.#inbound.add(
      partition,
      { creatorId, userId, event: { kind: 'read', seq } },
      (settled) => {
        if (settled === 'lost') forget();
      },
    );
    if (!taken) forget();
  }
}
