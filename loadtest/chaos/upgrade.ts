import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '@rapport/tools/local-run.ts';
import { type OwnProcess, ownProcessesOf, type Topology } from './faults.ts';
import { type ChaosOptions, type ChaosResult, onStage, outcomeOf, playRound, type Stage } from './run.ts';
import type { Version } from './version.ts';
import type { Round } from './waits.ts';

/** Every step is a state in which versions live side by side: people talk in it for this long at least. */
const mixedMs = 1_500;

export interface UpgradeStep {
  readonly name: OwnProcess;
  readonly to: 'new' | 'old';
}

/**
 * A rolling upgrade from another version to this tree, and back, while people talk: old, mixed, new, mixed,
 * old. All processes share one nats-server and one history.
 */
export async function runUpgrade(options: ChaosOptions, from: Version): Promise<ChaosResult> {
  /** Processes that run this tree's code; all others run the other version's. */
  const upgraded = new Set<ProcessName>();
  const rootOf = (name: ProcessName) => (upgraded.has(name) ? undefined : from.root);
  return await onStage({ ...options, rootOf }, async (stage) => {
    const rounds: Round[] = [];
    for (const step of upgradeSteps(options.topology)) rounds.push(await replace(stage, step, upgraded));
    return rounds;
  });
}

/**
 * On the way up, a reader of the log is replaced before the processes that write what only a newer reader
 * knows: inference, actor hosts, gateways. The way back is the reverse.
 */
export function upgradeSteps(topology: Topology): readonly UpgradeStep[] {
  const processes = ownProcessesOf(topology);
  return [
    ...processes.map((name) => ({ name, to: 'new' as const })),
    ...processes.toReversed().map((name) => ({ name, to: 'old' as const })),
  ];
}

async function replace(stage: Stage, { name, to }: UpgradeStep, upgraded: Set<ProcessName>): Promise<Round> {
  const act = async () => {
    if (to === 'new') upgraded.add(name);
    else upgraded.delete(name);
    await stage.world.rapport.restart(name);
    await sleep(mixedMs);
  };
  const round = await playRound(stage, { kind: `${to} ${name.replace(/-\d+$/, '')}`, host: name, act });
  stage.tell(`${name} is ${to}: ${outcomeOf(round)}`);
  return round;
}
