import { Chance } from './chance.ts';
import { type Allowed, Faults } from './faults.ts';
import { VirtualTime } from './virtual-time.ts';

/** A promise that did not hold. */
export interface Broken {
  readonly invariant: string;
  readonly sentence: string;
}

/** The base of a simulated world: one time, one seed, one trace. */
export class World {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly trace: string[] = [];
  #broken: Broken | undefined;

  constructor(seed: number, allowed: Allowed) {
    this.seed = seed;
    this.time = new VirtualTime(seed);
    this.faults = new Faults(seed, allowed, (kind, number) => this.tell('fault', `#${number} ${kind}`));
  }

  /** The first thing that did not hold. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  chance(name: string): Chance {
    return new Chance(this.seed, name);
  }

  tell(who: string, what: string): void {
    const seconds = (this.time.nowMs / 1_000).toFixed(3);
    this.trace.push(`${seconds.padStart(8)}  ${who.padEnd(10)} ${what}`);
  }

  /** The run stops at the first promise that does not hold. */
  fail(invariant: string, sentence: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = { invariant, sentence };
    this.tell('BROKEN', `${invariant}: ${sentence}`);
  }
}
