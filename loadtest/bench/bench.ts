import { chosen, flag, readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import { exitOnSignals } from '@rapport/tools/scratch.ts';
import type { Figures, Pair } from './figures.ts';
import { type HistoryName, measureIdle } from './idle.ts';
import { measureFresh, measureLatency, measureMemory, measureThroughput } from './measures.ts';
import { report, table } from './report.ts';
import { type System, type SystemName, startSystem } from './systems.ts';

// `npm run bench` measures the floor and Rapport one after the other on the same machine. Each pair swaps the
// order of the pair before, so that other work of the machine disturbs both alike.
const use = `npm run bench -- [--json] [--pairs N] [--seconds N] [--connections N]
    [--only throughput|fresh|latency|memory|idle|activation] [--system floor|rapport]
    [--conversations N] [--history sqlite|cassandra]

  --pairs N         how often both are measured (5)
  --seconds N       how long one measurement lasts after its warm-up (10)
  --connections N   idle connections of the memory row (10000)
  --conversations N idle conversations of the idle and activation rows, which are measured together (100000)
  --history NAME    the store that these two load them from (sqlite)
  --only NAME       one row instead of all; fresh is the latency of processes that have just started
  --system NAME     one of the two alone, without ratios
  --json            the figures as JSON on standard output; progress goes to standard error
`;

const rows = ['throughput', 'fresh', 'latency', 'memory', 'idle', 'activation'] as const;
/** These rows hardly vary, so only the first pair measures them. */
const rowsOnce: readonly string[] = ['memory', 'idle', 'activation'];
const histories = ['sqlite', 'cassandra'] as const satisfies readonly HistoryName[];
const systems = ['floor', 'rapport'] as const;

const { values: given } = readArguments({
  help: use,
  options: {
    json: flag,
    pairs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '10000' },
    conversations: { type: 'string', default: '100000' },
    history: { type: 'string', default: 'sqlite' },
    only: { type: 'string' },
    system: { type: 'string' },
  },
});

exitOnSignals(); // All processes end when this one is gone.
await runCommand(bench);

async function bench(): Promise<void> {
  const wantedRows = given.only === undefined ? rows : [chosen('only', given.only, rows)];
  const wantedSystems = given.system === undefined ? systems : [chosen('system', given.system, systems)];
  const count = wantedRows.every((row) => rowsOnce.includes(row)) ? 1 : whole('pairs', given.pairs);
  const pairs: Pair[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    const order = pair % 2 === 0 ? wantedSystems : wantedSystems.toReversed();
    const figures: Partial<Record<SystemName, Figures>> = {};
    for (const name of order) {
      process.stderr.write(`pair ${pair + 1} of ${count}: ${name}\n`);
      figures[name] = await measure(
        name,
        wantedRows.filter((row) => pair === 0 || !rowsOnce.includes(row)),
      );
    }
    pairs.push(figures);
  }
  const figures = report(pairs);
  process.stdout.write(given.json ? `${JSON.stringify(figures, undefined, 2)}\n` : table(figures));
}

/** Each row starts a new system: no row inherits the memory or the log of another. */
async function measure(name: SystemName, wanted: readonly (typeof rows)[number][]): Promise<Figures> {
  const seconds = whole('seconds', given.seconds);
  const connections = whole('connections', given.connections);
  const of = async <T>(row: (typeof rows)[number], take: (system: System) => Promise<T>) =>
    wanted.includes(row) ? { [row]: await withSystem(name, take) } : {};
  return {
    ...(await of('memory', (system) => measureMemory(system, { connections }))),
    ...(await of('throughput', (system) => measureThroughput(system, seconds))),
    ...(await of('fresh', (system) => measureFresh(system, seconds))),
    ...(await of('latency', (system) => measureLatency(system, { seconds }))),
    ...(name === 'rapport' && (await idleOf(wanted))),
  };
}

/** Only Rapport: the floor keeps no conversations in memory. */
async function idleOf(wanted: readonly string[]): Promise<Figures> {
  if (!wanted.includes('idle') && !wanted.includes('activation')) return {};
  const history = chosen('history', given.history, histories);
  return { idle: await measureIdle({ conversations: whole('conversations', given.conversations), history }) };
}

async function withSystem<T>(name: SystemName, take: (system: System) => Promise<T>): Promise<T> {
  const system = await startSystem[name]();
  try {
    return await take(system);
  } finally {
    await system.stop();
  }
}
