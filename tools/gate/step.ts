import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** All of `npm test` is to end within 25 minutes, whatever hangs. */
const withinMs = 15 * 60_000;

/** How one thing that can fail went. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** What to read when it failed. */
  readonly output: string;
}

/** A thing that can fail: resolves with what it printed when all is well, throws with it when not. */
export interface Step {
  readonly name: string;
  readonly run: () => Promise<string>;
}

/** Runs a step and prints its line; what it printed follows when it failed. */
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

export function report({ name, failed, seconds, output }: Outcome): void {
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(44)} ${seconds.toFixed(1).padStart(5)} s`,
  );
  if (failed > 0) console.log(output.trimEnd().replace(/^/gm, '        '));
}

/** Runs a program of node_modules/.bin or the PATH in the project's root; throws its output when it fails. */
export async function program(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<string> {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Not spawn's own time limit: for a program that is not there it would hold this process until then.
  const late = setTimeout(() => child.kill(), withinMs);
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => printed.push(bytes));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (status) => resolve(status ?? 1));
  const status = await promise.finally(() => clearTimeout(late));
  const output = Buffer.concat(printed).toString();
  if (status !== 0) throw new Error(output || `${command} ended with status ${status}`);
  return output;
}
