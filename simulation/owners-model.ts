import type { Owner, Owners } from '@rapport/stream/owners.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

interface Entry {
  readonly owner: Owner;
  readonly revision: number;
}

/** The table of owners: a key per partition with compare-and-set. Watchers get each change, in order. */
export class OwnersModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #entries = new Map<number, Entry>();
  readonly #watchers = new Set<(entry: Entry) => void>();
  #revision = 0;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance('owners');
  }

  /** The table as one process has it. */
  open(fate: Fate): Owners {
    const revisions = new Map<number, number>();
    return {
      watch: (onChange) => this.#watch(fate, onChange),
      claim: async (partition, hostId, mayTake = () => true) => {
        const before = await this.#ask(fate, () => this.#entries.get(partition));
        if (before !== undefined && !mayTake(before.owner)) return undefined;
        const { epoch = 0, checkpoint = 0, running = [] } = before?.owner ?? {};
        const owner: Owner = { partition, hostId, epoch: epoch + 1, checkpoint, running };
        const revision = await this.#ask(fate, () => this.#put(owner, before?.revision ?? 0));
        if (revision === undefined) return undefined;
        revisions.set(partition, revision);
        return owner;
      },
      checkpoint: (owner) => this.#checkpoint(fate, revisions, owner),
    };
  }

  async #watch(fate: Fate, onChange: (owner: Owner) => void): Promise<() => void> {
    let untilMs = 0;
    const newest = new Map<number, number>();
    const hear = ({ owner, revision }: Entry) => {
      if (fate.isCutOff) return;
      untilMs = Math.max(untilMs, this.#world.time.nowMs + this.#chance.between(1, 5));
      fate.later(untilMs - this.#world.time.nowMs, () => {
        if (revision <= (newest.get(owner.partition) ?? 0)) return;
        newest.set(owner.partition, revision);
        onChange(owner);
      });
    };
    const hearAll = () => {
      for (const entry of this.#entries.values()) hear(entry);
    };
    this.#watchers.add(hear);
    const end = fate.onReturn(hearAll);
    await fate.ask(this.#way(), hearAll);
    return () => {
      this.#watchers.delete(hear);
      end();
    };
  }

  async #checkpoint(fate: Fate, revisions: Map<number, number>, owner: Owner): Promise<boolean> {
    const { partition, hostId, epoch } = owner;
    for (;;) {
      const revision = await this.#ask(fate, () => this.#put(owner, revisions.get(partition) ?? 0));
      if (revision !== undefined) {
        revisions.set(partition, revision);
        return true;
      }
      const entry = await this.#ask(fate, () => this.#entries.get(partition));
      if (entry?.owner.epoch !== epoch) return false;
      if (entry.owner.hostId === '') return hostId === '';
      revisions.set(partition, entry.revision);
    }
  }

  #ask<T>(fate: Fate, act: () => T): Promise<T> {
    const { faults } = this.#world;
    const isLost = fate.isCutOff || faults.strikes('owners_refused');
    const isUnanswered = faults.strikes('owners_unanswered');
    return fate.ask(this.#way(), () => {
      if (isLost) throw new Error('no answer');
      const answer = act();
      if (isUnanswered) throw new Error('no answer');
      return answer;
    });
  }

  #put(owner: Owner, revision: number): number | undefined {
    if ((this.#entries.get(owner.partition)?.revision ?? 0) !== revision) return undefined;
    this.#revision += 1;
    const entry: Entry = { owner: { ...owner, running: [...owner.running] }, revision: this.#revision };
    this.#entries.set(owner.partition, entry);
    const { partition, hostId, epoch, checkpoint } = owner;
    this.#world.tell('owners', `${partition}: ${hostId} epoch ${epoch} checkpoint ${checkpoint}`);
    for (const hear of this.#watchers) hear(entry);
    return this.#revision;
  }

  #way(): { readonly thereMs: number; readonly backMs: number } {
    return { thereMs: this.#chance.between(1, 4), backMs: this.#chance.between(1, 3) };
  }
}
