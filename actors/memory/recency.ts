/** What stands in such an order: its neighbours, or undefined at an end. */
export interface Ranked<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * Things in the order of their last use, as a list that runs through them. A Map that deletes and sets again
 * keeps the order too, but finding its first key walks over all that was deleted: 130 us with 200,000 in it.
 */
export class Recency<T extends Ranked<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** The one whose last use is longest ago. */
  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Makes it the newest; it is not in the list yet. */
  add(one: T): void {
    one.older = this.#newest;
    one.newer = undefined;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.newer = one;
    this.#newest = one;
  }

  remove(one: T): void {
    if (one.older === undefined) this.#oldest = one.newer;
    else one.older.newer = one.newer;
    if (one.newer === undefined) this.#newest = one.older;
    else one.newer.older = one.older;
  }

  /** Makes one of the list the newest. */
  use(one: T): void {
    if (one === this.#newest) return;
    this.remove(one);
    this.add(one);
  }
}
