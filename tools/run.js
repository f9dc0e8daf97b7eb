// Every npm script: installs what is missing, then runs a TypeScript file of the project on the pinned Node.
// Plain JavaScript without dependencies, because it runs before anything is installed, on any Node.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const modules = join(root, 'node_modules');
/** Holds the hash of the lock file that node_modules was made from. */
const stamp = join(modules, '.rapport-installed');
/** npm leaves its own lock file there. */
const npmStamp = join(modules, '.package-lock.json');
const oldestNode = 20;

const [script, ...args] = process.argv.slice(2);
checkNode();
install();
forward(pinnedNode());

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return;
  giveUp(`Cannot run on Node ${process.versions.node}: install Node ${oldestNode} or newer.`);
}

function install() {
  if (asksForHelp()) {
    if (existsSync(npmStamp)) return;
    console.log('Nothing is installed yet: `npm start` installs everything, then --help says more.');
    process.exit(0);
  }
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!installedByHand()) npmCi();
  writeStamp(wanted);
}

function asksForHelp() {
  return args.includes('--help') || args.includes('-h');
}

/** npm's own lock file is newer than the project's when a person ran `npm ci` after the last change. */
function installedByHand() {
  return (
    !existsSync(stamp) &&
    existsSync(npmStamp) &&
    statSync(npmStamp).mtimeMs > statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function npmCi() {
  console.error('Installing npm packages ...');
  const { status, error, stdout, stderr } = spawnSync('npm', ['ci', '--no-progress'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) giveUp(`Cannot install npm packages: npm does not run (${error.message}).`);
  if (status !== 0) giveUp(`Cannot install npm packages: ${reasonOf(`${stderr}${stdout}`, status)}`);
}

/** npm prints a page. A person can do something about these of its codes. */
function reasonOf(printed, status) {
  const code = /npm (?:error|ERR!) code (\S+)/.exec(printed)?.[1];
  const log = /\S*_logs\S*\.log/.exec(printed)?.[0];
  const more = log === undefined ? '' : ` npm's log: ${log}`;
  if (
    /^(ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|FETCH_ERROR|ERR_SOCKET)/.test(code ?? '')
  )
    return `the registry cannot be reached (${code}); it needs a network, or a proxy that npm knows.${more}`;
  if (code === 'ENOSPC') return `the disk that holds ${root} is full.${more}`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `${root} cannot be written (${code}); it should belong to you.${more}`;
  return `npm ci ended with status ${status} (${code ?? 'no code'}).${more}\n${printed}`.trimEnd();
}

function writeStamp(wanted) {
  try {
    writeFileSync(stamp, wanted);
  } catch (error) {
    giveUp(`Cannot write ${stamp}: ${error.message}`);
  }
}

/**
 * Node comes with the packages, so that everybody runs the same one; where there is none, the running one has
 * to fit.
 */
function pinnedNode() {
  const pinned = join(modules, '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major === 22 && minor >= 18) return process.execPath;
  return giveUp(
    `Cannot run on Node ${process.versions.node}: there is no packaged Node for ` +
      `${process.platform} ${process.arch}, so install Node 22.18 or newer of the 22 line.`,
  );
}

/** Hands signals on. The child notices by its IPC channel when this process is killed. */
function forward(node) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(child);
  child.on('error', (error) => giveUp(`Cannot run ${node}: ${error.message}`));
  child.on('exit', (status) => {
    process.exitCode = status ?? 1;
  });
}

/** When npm is killed with -9 it hands nothing on, and Ctrl-C would no longer reach the child. */
function endWithParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
  watch.unref();
}

function giveUp(sentence) {
  console.error(sentence);
  process.exit(1);
}
