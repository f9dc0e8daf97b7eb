import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '@rapport/simulation/chance.ts';
import { visits } from './visits.ts';

/** A person who has left and may come again. During a visit the person is not in the pool. */
interface Person {
  readonly creatorId: string;
  readonly token: string;
}

export interface CrowdOptions {
  readonly url: string;
  /** The creators that people visit. A creator that is listed twice gets twice the visits. */
  readonly creators: readonly string[];
  /** Visitors at the same time at the top of a wave; a fifth of them at its bottom. */
  readonly people: number;
  readonly waveMs: number;
  readonly chance: Chance;
}

const lookEveryMs = 100;
const comeAtOnceMax = 10;
/** The share of visits that are a new person's. */
const newShare = 0.3;
/** The pool of people who may come again, as a multiple of the visitors at the top of a wave. */
const knownShare = 3;
/** Visits are short, so that there are many and a leak of a few bytes adds up. A visit fits into a wave. */
const visitMs = { least: 1_000, most: 8_000 };
const visitShareMax = 0.4;

/** People who come and go in waves. Some of them come for the first time. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #known: Person[] = [];
  readonly #here = new Set<Promise<void>>();
  readonly #counts: Record<string, number> = {};

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** How often each thing was done; a broken promise is counted under `WRONG: …`. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /** Resolves when the signal has aborted and the last person has left. */
  async run(signal: AbortSignal): Promise<void> {
    const { people, waveMs } = this.#options;
    const beganMs = performance.now();
    while (!signal.aborted) {
      const phase = ((performance.now() - beganMs) / waveMs) * 2 * Math.PI;
      const wanted = Math.round(people * (0.6 - 0.4 * Math.cos(phase)));
      const coming = Math.min(comeAtOnceMax, wanted - this.#here.size);
      for (let at = 0; at < coming; at += 1) this.#come();
      await sleep(lookEveryMs);
    }
    await Promise.all(this.#here);
  }

  #come(): void {
    const visit = this.#visit().catch((failure) => this.#count(`WRONG: ${failure}`));
    const here = visit.finally(() => void this.#here.delete(here));
    this.#here.add(here);
  }

  async #visit(): Promise<void> {
    const { url, people, waveMs, chance } = this.#options;
    const person = this.#somebody() ?? (await this.#stranger());
    const visit = chance.pick(visits);
    const lengthMs = Math.min(chance.between(visitMs.least, visitMs.most), waveMs * visitShareMax);
    this.#count('visits');
    await visit?.({ url, ...person, lengthMs, chance, count: (what) => this.#count(what) });
    this.#known.push(person);
    if (this.#known.length > people * knownShare) this.#known.shift();
  }

  #somebody(): Person | undefined {
    const { chance } = this.#options;
    if (chance.happens(newShare)) return undefined;
    const [person] = this.#known.splice(chance.between(0, this.#known.length), 1);
    return person;
  }

  async #stranger(): Promise<Person> {
    const { url, creators, chance } = this.#options;
    const creatorId = chance.pick(creators) ?? '';
    const body = JSON.stringify({ creatorId });
    const answer = await fetch(`${url}/v1/visitors`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`Cannot get a visitor's token: status ${answer.status}`);
    const { token } = (await answer.json()) as { readonly token: string }; // Decoder: our own gateway.
    this.#count('new people');
    return { creatorId, token };
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }
}
