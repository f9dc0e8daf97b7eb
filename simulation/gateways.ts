import type { Catalog } from '@rapport/catalog/catalog.ts';
import { Gateway } from '@rapport/gateway/gateway.ts';
import { createMeters } from '@rapport/gateway/meters.ts';
import { type Limits, limits } from '@rapport/proto/limits.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Chance } from './chance.ts';
import { Fate } from './fate.ts';
import type { LanesModel } from './lanes-model.ts';
import type { LogModel } from './log-model.ts';
import type { MembersModel } from './members-model.ts';
import type { OwnersModel } from './owners-model.ts';
import type { StoreModel } from './store-model.ts';
import type { TimersModel } from './timers-model.ts';
import { tracedLog } from './traced-log.ts';
import type { Witness } from './witness.ts';
import type { World } from './world.ts';

/** What the processes of a world share: log, lanes, tables, store, catalog. */
export interface Ground {
  readonly world: World;
  readonly log: LogModel;
  readonly lanes: LanesModel;
  readonly owners: OwnersModel;
  readonly members: MembersModel;
  readonly timers: TimersModel;
  readonly store: StoreModel;
  readonly catalog: Catalog;
  /** Some actor hosts are of an older version, which knows fewer parts, until nothing goes wrong any more. */
  readonly isMixed: boolean;
}

export interface RunningGateway {
  readonly fate: Fate;
  readonly gateway: Gateway;
}

/** Small limits, so that short conversations reach them. */
const tightLimits: Limits = { ...limits, unsentBytesMax: 2_000, unsentBytesSoft: 500, textCharsMax: 100 };
const meters = createMeters(new Metrics('simulated-gateway'));

/** Real gateways. A gateway that died is started again under another name. */
export class Gateways {
  readonly #ground: Ground;
  readonly #witness: Witness;
  readonly #chance: Chance;
  /** Apart, so that a gateway that waits once more changes nothing else in its world. */
  readonly #waits: Chance;
  readonly #running: RunningGateway[] = [];
  #started = 0;

  constructor(ground: Ground, options: { readonly witness: Witness; readonly count: number }) {
    this.#ground = ground;
    this.#witness = options.witness;
    this.#chance = ground.world.chance('gateways');
    this.#waits = ground.world.chance('waits of gateways');
    for (let at = 0; at < options.count; at += 1) this.#start(at);
  }

  get running(): readonly RunningGateway[] {
    return this.#running;
  }

  /** The gateway that a new connection leads to; sometimes a gateway that just died. */
  any(): RunningGateway | undefined {
    return this.#chance.pick(this.#running);
  }

  crash(at: number): void {
    const { world } = this.#ground;
    this.#running[at]?.fate.die();
    world.time.after(this.#chance.between(100, 1_500), () => this.#start(at));
  }

  stall(at: number): void {
    const fate = this.#running[at]?.fate;
    fate?.stall();
    this.#ground.world.time.after(this.#chance.between(100, 5_000), () => fate?.goOn());
  }

  cutOff(at: number): void {
    const fate = this.#running[at]?.fate;
    fate?.cutOff();
    this.#ground.world.time.after(this.#chance.between(100, 5_000), () => fate?.reconnect());
  }

  /** The gateway ends in order, while its successor runs already. */
  leave(at: number): void {
    const leaving = this.#running[at];
    if (leaving === undefined || leaving.fate.at !== 'alive') return;
    const { fate, gateway } = leaving;
    this.#ground.world.tell(fate.name, 'leaves');
    this.#start(at);
    const gone = () => fate.die();
    fate.later(20, () => void gateway.stop(2_000).then(gone, gone));
  }

  #witnessed(lanes: Lanes): Lanes {
    const onDeliveries: Lanes['onDeliveries'] = (gatewayId, take) =>
      lanes.onDeliveries(gatewayId, (deliveries) => this.#witness.during(deliveries, () => take(deliveries)));
    return { ...lanes, onDeliveries };
  }

  #start(at: number): void {
    const { world, log, lanes, owners, store, catalog } = this.#ground;
    this.#started += 1;
    const gatewayId = `g${this.#started}`;
    const fate = new Fate(gatewayId, world.time);
    world.tell(gatewayId, 'starts');
    fate.later(0, () => {
      const gateway = new Gateway({
        gatewayId,
        limits: tightLimits,
        acceptedAfterMs: 50,
        inbox: log.open(fate),
        lanes: this.#witnessed(lanes.open(fate)),
        owners: owners.open(fate),
        history: store.open(fate),
        catalog,
        tokens: { verify: (token) => fate.ask({ thereMs: 0, backMs: 1 }, () => verdictOf(token)) },
        clock: fate.clock,
        random: () => this.#waits.next(),
        meters,
        log: tracedLog(world, gatewayId),
      });
      this.#running[at] = { fate, gateway };
      gateway.start().catch((failure) => world.fail('a gateway starts', String(failure)));
    });
  }
}

/** A token of this world is `creator/user`. */
function verdictOf(token: string) {
  const [creatorId = '', userId = ''] = token.split('/');
  return {
    ok: true as const,
    identity: { creatorId, userId, role: 'member' as const, expiresAtMs: Infinity },
  };
}
