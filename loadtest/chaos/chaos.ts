import { chosen, flag, readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import { exitOnSignals } from '@rapport/tools/scratch.ts';
import { deployPauseMsMax, runDeploy } from './deploy.ts';
import { scheduleOf, type Topology } from './faults.ts';
import { passed, reportOf, textOf } from './report.ts';
import { type ChaosOptions, runChaos } from './run.ts';
import { runStorm } from './storm.ts';
import { stormPassed, stormText } from './storm-report.ts';
import { runUpgrade } from './upgrade.ts';
import { compatibleFrom, prepareVersion } from './version.ts';

const use = `npm run chaos -- [--scenario faults|deploy|upgrade|storm] [--rounds N] [--seed N] [--json] …

Runs a whole Rapport on this machine with people in it, hurts it, and compares what people were told with what
is stored. Ends with status 1 when a message was lost, doubled or reordered. docs/chaos.md says more.

  --scenario faults   one fault after the other, in an order of the seed
  --scenario deploy   every process is replaced in order, one by one
  --scenario upgrade  from another version to this tree and back, process by process
  --scenario storm    all gateways are killed under many connections, which all come back
  --rounds N          how many faults (50)
  --from REF          the version to upgrade from (compatibleFrom in package.json)
  --connections N     connections of the storm (20000)
  --seed N            the same seed, the same faults (1)
  --people N          how many talk (12)
  --devices N         on how many devices each (2)
  --actors N          actor hosts (3)
  --gateways N        gateways (2)
  --nats NAME         single, or cluster: three nats-servers (single)
  --history NAME      sqlite, or cassandra (sqlite)
  --json              the report as JSON on standard output; progress goes to standard error
`;

const { values: given } = readArguments({
  help: use,
  options: {
    json: flag,
    scenario: { type: 'string', default: 'faults' },
    from: { type: 'string' },
    connections: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    people: { type: 'string', default: '12' },
    devices: { type: 'string', default: '2' },
    actors: { type: 'string', default: '3' },
    gateways: { type: 'string', default: '2' },
    nats: { type: 'string', default: 'single' },
    history: { type: 'string', default: 'sqlite' },
  },
});

const tell = (sentence: string) => void process.stderr.write(`${sentence}\n`);

exitOnSignals(); // At the exit paused processes are woken; all processes end when this one is gone.

await runCommand(chaos);

async function chaos(): Promise<void> {
  const topology: Topology = {
    actors: whole('actors', given.actors),
    gateways: whole('gateways', given.gateways),
    nats: chosen('nats', given.nats, ['single', 'cluster']),
    history: chosen('history', given.history, ['sqlite', 'cassandra']),
  };
  switch (chosen('scenario', given.scenario, ['faults', 'deploy', 'upgrade', 'storm'])) {
    case 'faults':
      return await faults(topology);
    case 'deploy':
      return await deploy(topology);
    case 'upgrade':
      return await upgrade(topology);
    case 'storm':
      return await storm(topology);
  }
}

async function faults(topology: Topology): Promise<void> {
  const options = optionsOf(topology);
  const schedule = scheduleOf(options.seed, whole('rounds', given.rounds), topology);
  const report = reportOf(await runChaos({ ...options, faults: schedule }));
  show({ report, text: textOf(report), ok: passed(report) });
}

async function deploy(topology: Topology): Promise<void> {
  const report = reportOf(await runDeploy(optionsOf(topology)));
  show({ report, text: textOf(report), ok: passed(report) && report.says.p99 < deployPauseMsMax });
}

async function upgrade(topology: Topology): Promise<void> {
  const from = await prepareVersion(given.from ?? (await compatibleFrom()), tell);
  tell(`from ${from.commit.slice(0, 7)} to this tree, and back`);
  const report = reportOf(await runUpgrade(optionsOf(topology), from));
  show({ report, text: textOf(report), ok: passed(report) });
}

async function storm({ actors, gateways }: Topology): Promise<void> {
  const connections = whole('connections', given.connections);
  const result = await runStorm({ connections, actors, gateways, tell });
  show({ report: result, text: stormText(result), ok: stormPassed(result) });
}

function optionsOf(topology: Topology): ChaosOptions {
  return {
    topology,
    seed: whole('seed', given.seed),
    people: whole('people', given.people),
    devicesEach: whole('devices', given.devices),
    tell,
  };
}

function show({
  report,
  text,
  ok,
}: {
  readonly report: object;
  readonly text: string;
  readonly ok: boolean;
}) {
  process.stdout.write(given.json ? `${JSON.stringify(report, undefined, 2)}\n` : text);
  if (!ok) process.exitCode = 1;
}
