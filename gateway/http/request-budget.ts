import type { ConversationKey } from '@rapport/proto/identity.ts';
import { conversationName } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Budgets } from '../limits/budgets.ts';
import type { RequestHead } from '../sockets/exchange.ts';
import { addressOf } from './address-of.ts';

/**
 * How many HTTP requests an address and a person may send to this gateway. An address is counted by the head
 * of its request, so a flood costs neither a body nor a signature; a person once the token is checked.
 */
export class RequestBudget {
  readonly #addresses: Budgets;
  readonly #persons: Budgets;
  readonly #addressHeader: string;
  readonly #clock: Clock;

  constructor(options: {
    readonly limits: Limits;
    readonly clock: Clock;
    /** Header in which the proxy in front writes the client's address; empty when there is no proxy. */
    readonly addressHeader: string;
  }) {
    const { limits, clock, addressHeader } = options;
    const windowMs = limits.requestsWindowMs;
    this.#clock = clock;
    this.#addresses = new Budgets({ max: limits.requestsPerAddressMax, windowMs });
    this.#persons = new Budgets({ max: limits.requestsPerPersonMax, windowMs });
    this.#addressHeader = addressHeader.toLowerCase();
  }

  /** 0 when the address of this request may go on, else the milliseconds until it may. */
  ofAddress(head: RequestHead): number {
    return this.#addresses.spend(this.addressOf(head), 1, this.#clock.monotonicMs());
  }

  /** 0 when the person may go on, else the milliseconds until they may. */
  ofPerson(key: ConversationKey): number {
    return this.#persons.spend(conversationName(key), 1, this.#clock.monotonicMs());
  }

  addressOf(head: RequestHead): string {
    return addressOf(head, this.#addressHeader);
  }
}
