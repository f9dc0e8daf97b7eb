import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** The last resort for a program that hangs. Single test files are ended earlier: hang-guard-fixture.ts. */
const programWithinMs = 15 * 60_000;

/** How one step or suite went. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** What to read when it failed. */
  readonly output: string;
}

/** A check that passes or fails: `run` resolves with what it printed, or throws an Error with that text. */
export interface Step {
  readonly name: string;
  readonly run: () => Promise<string>;
}

/** Runs a step and prints its line. What the step printed follows when it failed. */
export async function runStep(step: Step): Promise<Outcome> {
  const startedMs = performance.now();
  const { failed, output } = await attempt(step);
  const seconds = (performance.now() - startedMs) / 1_000;
  const outcome: Outcome = { name: step.name, passed: 1 - failed, failed, seconds, output };
  report(outcome);
  return outcome;
}

async function attempt(step: Step): Promise<{ readonly failed: 0 | 1; readonly output: string }> {
  try {
    return { failed: 0, output: await step.run() };
  } catch (failure) {
    return { failed: 1, output: failure instanceof Error ? failure.message : String(failure) };
  }
}

/** One write for the line and the output: steps run side by side, and their lines must not mix. */
export function report({ name, failed, seconds, output }: Outcome): void {
  const verdict = failed === 0 ? 'ok    ' : 'FAILED';
  const line = `${verdict}  ${name.padEnd(48)} ${seconds.toFixed(1).padStart(6)} s`;
  console.log(failed === 0 ? line : `${line}\n${output.trimEnd().replace(/^/gm, '        ')}`);
}

/**
 * Runs a program of node_modules/.bin or the PATH in the project's root. Resolves with what it printed;
 * throws an Error with that text when the program fails or does not end.
 */
export async function program(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly withinMs?: number } = {},
): Promise<string> {
  const { cwd = root, env, withinMs = programWithinMs } = options;
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => printed.push(bytes));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (status) => resolve(status ?? 1));
  // Not spawn's own `timeout`: it would keep this process alive when the program cannot be spawned.
  const late = setTimeout(() => {
    printed.push(Buffer.from(`${command} did not end within ${withinMs / 1_000} s and was ended\n`));
    child.kill('SIGKILL');
    // A process that the program started may hold these open.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }, withinMs);
  const end = () => void child.kill();
  process.once('exit', end); // Ctrl-C ends this process, which must not leave its programs running.
  const status = await promise.finally(() => {
    clearTimeout(late);
    process.off('exit', end);
  });
  const output = Buffer.concat(printed).toString();
  if (status !== 0) throw new Error(output || `${command} ended with status ${status}`);
  return output;
}
