/** Which gateways have sessions of which conversation, and how many. Soft: gateways announce it again. */
export class Audience {
  readonly #gateways = new Map<string, Map<string, number>>();
  #round = this.#gateways.keys();

  /** How many conversations have a session somewhere. */
  get size(): number {
    return this.#gateways.size;
  }

  /** Sets how many sockets a gateway has of a conversation; 0 forgets it. */
  set(name: string, gatewayId: string, sockets: number): void {
    const gateways = this.#gateways.get(name) ?? new Map<string, number>();
    if (sockets > 0) gateways.set(gatewayId, sockets);
    else gateways.delete(gatewayId);
    if (gateways.size > 0) this.#gateways.set(name, gateways);
    else this.#gateways.delete(name);
  }

  /** The next few conversations of a round over all; fewer at its end. */
  next(count: number): readonly string[] {
    const names: string[] = [];
    while (names.length < count) {
      const name = this.#round.next();
      if (name.done) {
        this.#round = this.#gateways.keys();
        break;
      }
      names.push(name.value);
    }
    return names;
  }

  gatewaysOf(name: string): Iterable<string> {
    return this.#gateways.get(name)?.keys() ?? [];
  }

  /** How many sockets a person has over all gateways. */
  socketsOf(name: string): number {
    let sockets = 0;
    for (const count of this.#gateways.get(name)?.values() ?? []) sockets += count;
    return sockets;
  }

  forgetGateway(gatewayId: string): void {
    for (const [name, gateways] of this.#gateways) {
      if (gateways.delete(gatewayId) && gateways.size === 0) this.#gateways.delete(name);
    }
  }

  /** Forgets the conversations that another host works for from now on. */
  forget(isTheirs: (name: string) => boolean): void {
    for (const name of this.#gateways.keys()) if (isTheirs(name)) this.#gateways.delete(name);
  }
}
