import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { type BudgetSize, spend } from '../sockets/budget.ts';
import { memberOf, type Session } from '../sockets/session.ts';
import { Budgets } from './budgets.ts';

/** Reading and answering the smallest frame costs as much as this many bytes of a large one. */
const frameCostBytes = 512;
/** A hello, for its person: a token is checked, an owner is asked and history is read. */
const helloCostBytes = 16 * 1024;
const addressWindowMs = 1_000;
/** The age that the time of the last sweep may have. */
const sweepMs = 50;

/**
 * The budgets of what clients send, counted before any of it is read: by socket, by person and by address.
 * Each call gives 0 when there was room, else the milliseconds until there is. Every gateway counts for
 * itself, so a person with sockets on several gateways has that many times as much.
 */
export class Intake {
  readonly #limits: Limits;
  readonly #clock: Clock;
  /** The time of the last sweep: to read the clock for every frame would cost more than to count it. */
  #sweptMs: number;
  readonly #socketSize: BudgetSize;
  readonly #people: Budgets;
  readonly #pages: Budgets;
  readonly #addresses: Budgets;

  constructor({ limits, clock }: { readonly limits: Limits; readonly clock: Clock }) {
    const { socketBytesMax, personBytesMax, bytesWindowMs, pagesPerWindowMax, pagesWindowMs } = limits;
    this.#limits = limits;
    this.#clock = clock;
    this.#sweptMs = clock.monotonicMs();
    this.#socketSize = { max: socketBytesMax, windowMs: bytesWindowMs };
    this.#people = new Budgets({ max: personBytesMax, windowMs: bytesWindowMs });
    this.#pages = new Budgets({ max: pagesPerWindowMax, windowMs: pagesWindowMs });
    this.#addresses = new Budgets({
      max: limits.addressBytesPerSecondMax,
      windowMs: addressWindowMs,
    });
  }

  /**
   * A frame of a socket. Before its hello was accepted a socket has `helloBytesMax` in all, and nothing comes
   * back: then the wait is infinite.
   */
  frame(session: Session, bytes: number): number {
    const cost = bytes + frameCostBytes;
    const member = memberOf(session);
    if (member === undefined) return this.#beforeHello(session, bytes, cost);
    const wait =
      spend(session, cost, this.#socketSize, this.#sweptMs) ||
      this.#people.spend(member.room.name, cost, this.#sweptMs) ||
      this.#fromAddress(session, cost);
    return wait === 0 ? 0 : wait + sweepMs;
  }

  /** A hello that was accepted: from now on the socket counts as one of its person. */
  hello(session: Session, person: ConversationKey): number {
    session.used = 0;
    return this.#people.spend(conversationName(person), helloCostBytes, this.#clock.monotonicMs());
  }

  /** A page of history for a person, by whatever way. */
  page(person: ConversationKey): number {
    return this.#pages.spend(conversationName(person), 1, this.#clock.monotonicMs());
  }

  tick(nowMs: number): void {
    this.#sweptMs = nowMs;
  }

  #beforeHello(session: Session, bytes: number, cost: number): number {
    session.used += bytes;
    if (session.used > this.#limits.helloBytesMax) return Number.POSITIVE_INFINITY;
    return this.#fromAddress(session, cost);
  }

  #fromAddress({ peer }: Session, cost: number): number {
    return this.#addresses.spend(peer.address, cost, this.#sweptMs);
  }
}
