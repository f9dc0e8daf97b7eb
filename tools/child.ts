import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Fault } from '@rapport/runtime/fault.ts';
import type { LogFile } from './log-file.ts';

/** A process that was started and became ready. */
export interface Child {
  readonly pid: number;
  /** The port it listens on; 0 when it listens on none. */
  readonly port: number;
  /** The port of its /metrics, where that is another one; else 0. */
  readonly healthPort: number;
  /** Resolves when it is gone, with how it ended and its last words, if any. */
  readonly ended: Promise<string>;
  /** Ends it in order, by force after a while; resolves when it is gone. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions {
  readonly name: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: LogFile;
  /** Called with each sentence that a person should see. */
  readonly tell: (sentence: string) => void;
}

const readyWithinMs = 60_000;
/** Longer than the longest drain by default (DRAIN_MS, 10 s). A process that takes longer is killed. */
const stopWithinMs = 15_000;
/** The most lines of a process's last words that are printed. */
const lastWordsMax = 20;
/** A warning and worse, in pino's numbers. */
const warnLevel = 40;

/**
 * Starts a process of Rapport. Throws Fault `unavailable`, with the process's last words, when it does not
 * become ready.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, script, env } = options;
  // A process group of its own: Ctrl-C in a terminal reaches the supervisor alone, which ends the processes
  // in order.
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const ended = endOf(child);
  const saidLast = followLines(child, options);
  const ports = await Promise.race([readyPorts(child), ended.then(() => undefined)]);
  if (ports === undefined) {
    child.kill('SIGKILL');
    throw new Fault('unavailable', `Cannot start ${name}: ${saidLast() || `${await ended}`}`);
  }
  return {
    pid: child.pid ?? 0,
    ...ports,
    ended: ended.then((how) => (child.signalCode === null && saidLast() ? `${how}: ${saidLast()}` : how)),
    kill: (signal) => void child.kill(signal),
    stop: () => stop(child, ended),
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [status, signal] = await once(child, 'close');
    return signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`;
  } catch (failure) {
    return String(failure); // It could not be spawned at all.
  }
}

/** The ports that the process reports; undefined when it reports nothing in time. */
async function readyPorts(child: ChildProcess): Promise<Pick<Child, 'port' | 'healthPort'> | undefined> {
  try {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(readyWithinMs) });
    return { port: portOf(message, 'port'), healthPort: portOf(message, 'healthPort') };
  } catch {
    return undefined;
  }
}

/** Reads `{ ready: { port, healthPort } }`, which runtime/service.ts sends; 0 for a port that is absent. */
function portOf(message: unknown, name: 'port' | 'healthPort'): number {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return 0;
  const { ready } = message;
  if (typeof ready !== 'object' || ready === null) return 0;
  const port = new Map<string, unknown>(Object.entries(ready)).get(name);
  return typeof port === 'number' ? port : 0;
}

/**
 * Writes every line to the log file, and gives warnings to `tell` as well. Returns a function that gives the
 * last words on stderr.
 */
function followLines(child: ChildProcess, { name, log, tell }: ChildOptions): () => string {
  let last: readonly string[] = [];
  if (child.stdout !== null) {
    createInterface(child.stdout).on('line', (line) => {
      log.write(line);
      const sentence = warningOf(line);
      if (sentence !== undefined) tell(`${name}: ${sentence}`);
    });
  }
  if (child.stderr !== null) {
    createInterface(child.stderr).on('line', (line) => {
      log.write(line);
      if (line.trim() !== '' && !isStack(line)) last = lastWords(last, line);
    });
  }
  return () => last.join('\n');
}

/** The last line; with the lines before it when all are error sentences: each wrong option has one. */
export function lastWords(before: readonly string[], line: string): readonly string[] {
  const words = [...before, line].slice(-lastWordsMax);
  return words.every((word) => word.startsWith('Cannot ')) ? words : [line];
}

/** Whether the line is one that Node prints around an error's sentence. */
function isStack(line: string): boolean {
  return /^(\s|Node\.js v|[{}])/.test(line);
}

/** The sentence of a log line of level warn or worse, with its reason. */
export function warningOf(line: string): string | undefined {
  try {
    const found: unknown = JSON.parse(line);
    if (typeof found !== 'object' || found === null || !('level' in found) || !('msg' in found))
      return undefined;
    if (typeof found.level !== 'number' || found.level < warnLevel) return undefined;
    return 'reason' in found ? `${found.msg}: ${found.reason}` : String(found.msg);
  } catch {
    return line; // Not a log line: something printed it for people.
  }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await ended;
  clearTimeout(late);
}
