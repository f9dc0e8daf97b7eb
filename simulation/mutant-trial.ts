import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { mutants } from './mutants.ts';

interface Caught {
  readonly seed: number;
  readonly invariant: string;
}

/**
 * Plants each bug in a process of its own, one for each core at a time, and prints the promise that caught
 * it. Resolves with false when a bug was missed.
 */
export async function tryMutants(seedsMax: number): Promise<boolean> {
  const longest = Math.max(...[...mutants.keys()].map((name) => name.length));
  const rest = mutants.keys();
  let unnoticed = 0;
  const tryRest = async () => {
    for (const name of rest) {
      const caught = await tryMutant(name, seedsMax);
      if (caught === undefined) unnoticed += 1;
      const verdict = caught === undefined ? 'NOT CAUGHT' : `seed ${caught.seed}`.padEnd(10);
      process.stdout.write(`${name.padEnd(longest)}  ${verdict}  ${caught?.invariant ?? ''}\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, tryRest));
  process.stdout.write(`${mutants.size - unnoticed} of ${mutants.size} planted bugs were caught\n`);
  return unnoticed === 0;
}

/** The promise that the bug broke first; undefined when it broke none. */
async function tryMutant(name: string, seedsMax: number): Promise<Caught | undefined> {
  const script = new URL('./simulate.ts', import.meta.url).pathname;
  const given = [script, '--json', '--mutant', name, '--seeds', String(seedsMax)];
  const child = spawn(process.execPath, [...process.execArgv, ...given]);
  const [line, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (line !== '') return JSON.parse(line) as Caught; // Decoder: campaign() wrote it.
  if (complaint.includes(' worlds, ')) return undefined;
  throw new Error(`Cannot try "${name}": ${complaint}`);
}
