import { ownProcessesOf, type Topology } from './faults.ts';
import { type ChaosOptions, type ChaosResult, onStage, outcomeOf, playRound } from './run.ts';
import type { Round } from './waits.ts';
import type { World } from './world.ts';

/** How long 99 of 100 messages may wait at most while everything is replaced. */
export const deployPauseMsMax = 2_000;

/**
 * Deploys a new version: ends every process in order and starts it again, one after the other, while people
 * talk.
 */
export async function runDeploy(options: ChaosOptions): Promise<ChaosResult> {
  return await onStage(options, async (stage) => {
    const { world, tell } = stage;
    const rounds: Round[] = [];
    for (const { name, act } of stepsOf(world, options.topology)) {
      const round = await playRound(stage, { kind: `replace ${name.replace(/-\d+$/, '')}`, host: name, act });
      rounds.push(round);
      tell(`replaced ${name}: ${outcomeOf(round)}`);
    }
    return rounds;
  });
}

function stepsOf(
  { nats }: World,
  topology: Topology,
): readonly {
  readonly name: string;
  readonly act: (world: World) => Promise<void>;
}[] {
  return [
    ...nats.urls.map((_, at) => ({
      name: `nats-${at + 1}`,
      act: async (world: World) => {
        await world.nats.end(at, 'in order');
        await world.nats.start(at);
      },
    })),
    ...ownProcessesOf(topology).map((name) => ({
      name,
      act: (world: World) => world.rapport.restart(name),
    })),
  ];
}
