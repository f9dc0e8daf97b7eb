import type { Member, Members, OnMember } from '@rapport/stream/members.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

/** The heartbeats of actor hosts: every watcher gets each of them, in order and a little later. */
export class MembersModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #newest = new Map<string, Member>();
  readonly #watchers = new Set<OnMember>();

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance('members');
  }

  /** The members as one host has them. */
  open(fate: Fate): Members {
    return {
      watch: async (onChange) => {
        let untilMs = 0;
        const hear = (member: Member, isNew: boolean) => {
          if (fate.isCutOff) return;
          untilMs = Math.max(untilMs, this.#world.time.nowMs + this.#lateMs());
          fate.later(untilMs - this.#world.time.nowMs, () => onChange(member, isNew));
        };
        const hearAll = () => {
          for (const member of this.#newest.values()) hear(member, false);
        };
        this.#watchers.add(hear);
        const end = fate.onReturn(hearAll);
        await fate.ask({ thereMs: 1, backMs: 1 }, hearAll);
        return () => {
          this.#watchers.delete(hear);
          end();
        };
      },
      beat: (member, withinMs) => {
        const lost = fate.isCutOff || this.#world.faults.strikes('members_refused');
        const backMs = lost ? withinMs : 1;
        return fate.ask({ thereMs: this.#chance.between(1, 4), backMs }, () => {
          if (lost) throw new Error('no answer');
          this.#put(member);
        });
      },
      leave: (hostId) =>
        fate.ask({ thereMs: 2, backMs: 1 }, () => {
          this.#newest.delete(hostId);
          for (const hear of this.#watchers) hear({ hostId, beat: 0, leaving: true }, true);
        }),
    };
  }

  #put(member: Member): void {
    this.#newest.set(member.hostId, member);
    for (const hear of this.#watchers) hear(member, true);
  }

  #lateMs(): number {
    return this.#world.faults.strikes('members_late')
      ? this.#chance.between(50, 1_500)
      : this.#chance.between(1, 4);
  }
}
