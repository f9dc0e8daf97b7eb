import { Chance } from '@rapport/simulation/chance.ts';
import type { ProcessName } from '@rapport/tools/local-run.ts';

/** The processes and servers of a run. */
export interface Topology {
  readonly actors: number;
  readonly gateways: number;
  /** `cluster`: three nats-servers, each with a copy of everything. */
  readonly nats: 'single' | 'cluster';
  readonly history: 'sqlite' | 'cassandra';
}

/** The network between clients and gateways, and between our processes and NATS. */
export type NetworkTarget = 'clients' | 'nats-links';
export type ServerTarget = 'nats' | 'nats-leader' | 'nats-follower' | 'cassandra';
export type OwnProcess = Exclude<ProcessName, 'nats'>;
export type Target = OwnProcess | ServerTarget | NetworkTarget;

/**
 * `kill` is kill -9, `pause` is SIGSTOP and SIGCONT, `restart` is in order; the others are faults of
 * networks.
 */
export type What = 'kill' | 'pause' | 'restart' | 'slow' | 'stall' | 'cut';

export interface Fault {
  readonly what: What;
  readonly target: Target;
  /** How long the fault lasts; 0 where the process itself decides. */
  readonly ms: number;
  /** The share of connections that it hits; 1 also hits connections that are opened meanwhile. */
  readonly share: number;
}

/** Above the lease of the fast profile, 800 ms, so that other hosts take over from a paused host. */
const pauseMs = { least: 1_000, most: 4_000 };
const networkMs = { least: 1_000, most: 4_000 };

/**
 * One fault for each round. Every fault comes once before any comes again, in an order that the seed
 * decides.
 */
export function scheduleOf(seed: number, rounds: number, topology: Topology): readonly Fault[] {
  const chance = new Chance(seed, 'faults');
  const faults: Fault[] = [];
  while (faults.length < rounds) {
    faults.push(...shuffled(faultsOf(topology), chance).map((one) => sized(one, chance)));
  }
  return faults.slice(0, rounds);
}

/** `pause actors` for a pause of `actors-2`: hosts of one role count together. */
export function kindOf({ what, target }: Pick<Fault, 'what' | 'target'>): string {
  return `${what} ${target.replace(/-\d+$/, '')}`;
}

/** Every fault of every process, server and network, once each. */
export function faultsOf(topology: Topology): readonly Pick<Fault, 'what' | 'target'>[] {
  const processes: readonly Target[] = [
    ...ownProcessesOf(topology),
    ...(topology.nats === 'cluster' ? (['nats-leader', 'nats-follower'] as const) : (['nats'] as const)),
  ];
  const stores: readonly Target[] = topology.history === 'cassandra' ? ['cassandra'] : [];
  return [
    ...times(processes, ['kill', 'pause', 'restart']),
    ...times(stores, ['kill', 'pause']),
    ...times(['clients', 'nats-links'], ['slow', 'stall', 'cut']),
  ];
}

/** Rapport's own processes. A process stands before those that use it. */
export function ownProcessesOf({
  actors,
  gateways,
}: Pick<Topology, 'actors' | 'gateways'>): readonly OwnProcess[] {
  const numbered = (role: 'actors' | 'gateway', count: number): readonly OwnProcess[] =>
    Array.from({ length: count }, (_, at) => (at === 0 ? role : (`${role}-${at + 1}` as const)));
  return ['inference', ...numbered('actors', actors), ...numbered('gateway', gateways)];
}

function times(
  targets: readonly Target[],
  whats: readonly What[],
): readonly Pick<Fault, 'what' | 'target'>[] {
  return targets.flatMap((target) => whats.map((what) => ({ what, target })));
}

function sized({ what, target }: Pick<Fault, 'what' | 'target'>, chance: Chance): Fault {
  const share = chance.happens(0.5) ? 1 : 0.5;
  const ms = (within: { readonly least: number; readonly most: number }) =>
    chance.between(within.least, within.most);
  if (what === 'kill' || what === 'restart') return { what, target, ms: 0, share: 1 };
  return what === 'pause'
    ? { what, target, ms: ms(pauseMs), share: 1 }
    : { what, target, ms: ms(networkMs), share };
}

/** By Fisher and Yates: every order is equally likely. */
function shuffled<T>(given: readonly T[], chance: Chance): readonly T[] {
  const all = [...given];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = chance.between(0, last);
    const [one, two] = [all[last], all[other]];
    if (one === undefined || two === undefined) continue;
    all[last] = two;
    all[other] = one;
  }
  return all;
}
