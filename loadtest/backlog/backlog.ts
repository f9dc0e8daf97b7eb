import { flag, readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import { exitOnSignals } from '@rapport/tools/scratch.ts';
import { runBacklog } from './run.ts';

const use = `npm run backlog -- [--says N] [--people N] [--partitions N] [--json]

Takes the store away from one actor host, lets a backlog grow, gives the store back, and prints how much
memory the host needed to catch up. Ends with status 1 when the host had 512 MiB or more, or when a say was
lost, doubled or reordered.

  --says N         of all people together (1000000)
  --people N       how many said them (20000)
  --partitions N   of the log, all owned by the one host (8)
  --json           the result as JSON on standard output; progress goes to standard error
`;

const rssBytesMax = 512 * 1024 * 1024;
const charsEach = 200;

const { values: given } = readArguments({
  help: use,
  options: {
    json: flag,
    says: { type: 'string', default: '1000000' },
    people: { type: 'string', default: '20000' },
    partitions: { type: 'string', default: '8' },
  },
});

exitOnSignals(); // All processes end when this one is gone.
await runCommand(backlog);

async function backlog(): Promise<void> {
  const result = await runBacklog({
    says: whole('says', given.says),
    people: whole('people', given.people),
    partitions: whole('partitions', given.partitions),
    charsEach,
    tell: (sentence) => void process.stderr.write(`${sentence}\n`),
  });
  const { says, records, catchUpMs, peakRssBytes, peakReadAheadBytes, wrong } = result;
  const text =
    `${says} says in ${records} records: caught up in ${Math.round(catchUpMs / 1_000)} s\n` +
    `actor host: ${mib(peakRssBytes)} MiB at most, ${mib(peakReadAheadBytes)} MiB of it records that wait\n` +
    `not stored exactly once: ${wrong}\n`;
  process.stdout.write(given.json ? `${JSON.stringify(result, undefined, 2)}\n` : text);
  if (peakRssBytes >= rssBytesMax || wrong > 0) process.exitCode = 1;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
