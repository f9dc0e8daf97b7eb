import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { answerHelp, runCommand } from '@rapport/runtime/arguments.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { readStartSettings, startOptions, startUse, withArguments } from './config.ts';
import { LocalRun } from './local-run.ts';
import { summary } from './summary.ts';

const envFile = join(import.meta.dirname, '..', '.env');
/** npm and the terminal may both pass on the same Ctrl-C. A signal that comes later means "at once". */
const impatientAfterMs = 1_000;

if (existsSync(envFile)) process.loadEnvFile(envFile);
const does =
  'Starts Rapport on this machine: nats-server, inference, actor hosts and gateways, with a demo coach.';
answerHelp(() => helpText({ use: startUse, does, options: startOptions({}) }));
await runCommand(main);
// All processes are gone. An interrupted start may still wait for something.
process.exit();

async function main(): Promise<void> {
  const stopAsked = whenAskedToStop();
  const env = withArguments(process.env, process.argv.slice(2));
  const run = new LocalRun({
    settings: readStartSettings(env),
    env,
    tell: (sentence) => console.log(sentence),
  });
  const started = run.start().then(() => console.log(summary(run)));
  const asked = await Promise.race([started, stopAsked]);
  if (asked === undefined) await stopAsked;
  else started.catch(() => {}); // It was interrupted, and is stopped below.
  console.log('\nStopping ...');
  await run.stop();
}

/** Resolves at Ctrl-C, at SIGTERM, or when the process that started this one is gone. */
function whenAskedToStop(): Promise<'stop'> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const ask = () => {
      firstMs ??= performance.now();
      // The processes end by themselves when their parent is gone.
      if (performance.now() - firstMs > impatientAfterMs) process.exit(1);
      resolve('stop');
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
    process.once('disconnect', ask);
  });
}
