import { join, resolve } from 'node:path';
import { readArguments, runCommand } from '@rapport/runtime/arguments.ts';
import { freePort } from '@rapport/runtime/free-port.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { checkPorts } from '../check-ports.ts';
import { takeDataDir } from '../data-dir.ts';
import { root } from '../gate/step.ts';
import { LogFile } from '../log-file.ts';
import { shellWord } from '../shell-word.ts';
import { findCassandra } from './cassandra-jars.ts';
import { cassandraUrl, startCassandra } from './cassandra-server.ts';
import { readServersSettings, serversOptions } from './config.ts';

const use = 'npm run servers -- cassandra';
const does = `Runs an Apache Cassandra of one server on this machine, for development, until Ctrl-C.
It needs Java 17 and Maven, which fetches it into .tools.`;

// `npm run servers`: the servers that a cluster has and one machine does without.
const { positionals } = readArguments({
  help: helpText({ use, does, options: serversOptions }),
  options: {},
  allowPositionals: true,
});
await runCommand(main);

async function main(): Promise<number> {
  if (positionals.join(' ') !== 'cassandra')
    throw new Error(`Cannot run '${positionals.join(' ')}': it should be \`${use}\`, or --help`);
  const stopAsked = whenAskedToStop();
  const settings = readServersSettings(process.env);
  const dataDir = join(resolve(root, settings.DATA_DIR), 'cassandra');
  const giveBack = takeDataDir(dataDir);
  try {
    return await runCassandra(dataDir, settings.CASSANDRA_PORT, stopAsked);
  } finally {
    giveBack();
  }
}

async function runCassandra(dataDir: string, given: number, stopAsked: Promise<'stop'>): Promise<number> {
  await checkPorts({ CASSANDRA_PORT: { host: '127.0.0.1', port: given } });
  const port = given === 0 ? await freePort('127.0.0.1') : given;
  const storagePort = await freePort('127.0.0.1');
  const log = { info: (sentence: string) => console.log(sentence) };
  const jars = await findCassandra({ toolsDir: join(root, '.tools'), log });
  const logPath = join(dataDir, 'cassandra.log');
  const file = new LogFile(logPath);
  console.log('Starting Cassandra, which takes about ten seconds ...');
  const starting = { jars, dataDir, port, storagePort, log: (line: string) => file.write(line) };
  const cassandra = await startCassandra(starting);
  const url = cassandraUrl(port, 'rapport');
  console.log(`Cassandra is ready; its log is ${logPath}. In another terminal:\n`);
  console.log(`  HISTORY_URL=${shellWord(url)} npm start\n`);
  const how = await Promise.race([stopAsked, cassandra.ended]);
  if (how !== 'stop') throw new Error(`Cassandra ended by itself; see ${logPath}`);
  console.log('\nStopping ...');
  await cassandra.stop();
  return 0;
}

/** Resolves at Ctrl-C or SIGTERM. */
function whenAskedToStop(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stop'));
  });
}
