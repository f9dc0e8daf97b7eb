import { Host } from '@rapport/actors/host.ts';
import { createMeters } from '@rapport/actors/meters.ts';
import { leaseProfiles } from '@rapport/actors/ownership/lease.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import type { Chance } from './chance.ts';
import { Fate } from './fate.ts';
import type { Ground } from './gateways.ts';
import type { InferenceModel } from './inference-model.ts';
import { newestParts, olderParts } from './parts.ts';
import { tracedLog } from './traced-log.ts';

const meters = createMeters(new Metrics('simulated-actors'));
const keepMs = 24 * 3_600_000;

/** Real actor hosts. A host that died is started again under another name. */
export class Hosts {
  readonly #ground: Ground;
  readonly #inference: InferenceModel;
  readonly #chance: Chance;
  readonly #hosts: { readonly fate: Fate; readonly host: Host; readonly isOlder: boolean }[] = [];
  #started = 0;
  #deployed = false;

  constructor(ground: Ground, options: { readonly inference: InferenceModel; readonly count: number }) {
    this.#ground = ground;
    this.#inference = options.inference;
    this.#chance = ground.world.chance('hosts');
    for (let at = 0; at < options.count; at += 1) this.#start(at);
  }

  get count(): number {
    return this.#hosts.length;
  }

  crash(at: number): void {
    this.#hosts[at]?.fate.die();
  }

  /** The host does nothing for a while. Others may take over before it goes on. */
  stall(at: number): void {
    const fate = this.#hosts[at]?.fate;
    if (fate === undefined || fate.at !== 'alive') return;
    const { time } = this.#ground.world;
    fate.stall();
    time.after(this.#chance.between(50, 4_000), () => fate.goOn());
  }

  cutOff(at: number): void {
    const fate = this.#hosts[at]?.fate;
    fate?.cutOff();
    this.#ground.world.time.after(this.#chance.between(100, 5_000), () => fate?.reconnect());
  }

  /** The host ends in order, and comes back under another name. */
  leave(at: number): void {
    const leaving = this.#hosts[at];
    if (leaving === undefined || leaving.fate.at !== 'alive') return;
    const { fate, host } = leaving;
    this.#ground.world.tell(fate.name, 'leaves');
    const gone = () => fate.die();
    fate.later(0, () => void host.stop().then(gone, gone));
  }

  /** From now on every host is of the newest version. */
  deploy(): void {
    this.#deployed = true;
    for (const [at, { fate, isOlder }] of this.#hosts.entries()) {
      if (!isOlder) continue;
      if (fate.at === 'stalled') fate.die();
      else this.leave(at);
    }
  }

  #start(at: number): void {
    const { world, log, lanes, owners, members, timers, store, catalog, isMixed } = this.#ground;
    this.#started += 1;
    const hostId = `h${this.#started}`;
    const isOlder = isMixed && !this.#deployed && this.#chance.happens(0.5);
    const fate = new Fate(hostId, world.time);
    fate.onDeath(() => {
      world.tell(hostId, 'is gone');
      world.time.after(this.#chance.between(200, 1_500), () => this.#start(at));
    });
    world.tell(hostId, isOlder ? 'starts, of an older version' : 'starts');
    const exit = (failure: unknown) => {
      world.tell(hostId, `exits: ${String(failure)}`);
      fate.die();
    };
    fate.later(0, () => {
      const host = new Host({
        hostId,
        stream: {
          inbox: log.open(fate),
          lanes: lanes.open(fate),
          owners: owners.open(fate),
          members: members.open(fate),
          timers: timers.open(fate),
        },
        history: store.open(fate),
        catalog,
        parts: isOlder ? olderParts : newestParts,
        inference: this.#inference.open(fate),
        residents: { actorsMax: this.#chance.between(1, 8), bytesMax: 100_000, idleMs: 5_000 },
        checkpointMs: this.#chance.between(20, 400),
        keepMs,
        clock: fate.clock,
        log: tracedLog(world, hostId),
        meters,
        lease: leaseProfiles.fast,
        onFailure: exit,
      });
      this.#hosts[at] = { fate, host, isOlder };
      host.start().catch(exit);
    });
  }
}
