// What `npm start` and `npm test` do before anything is installed: plain JavaScript for whatever Node there
// is.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const modules = join(root, 'node_modules');
/** Holds the hash of the lock file that node_modules was made from. */
const stamp = join(modules, '.rapport-installed');
const oldestNode = 20;

/**
 * Installs what is missing, then runs a script of this folder on the pinned Node and ends with its status.
 */
export function bootstrap(script) {
  checkNode();
  install();
  forward(pinnedNode(), join(root, 'tools', script));
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return;
  giveUp(`Cannot run on Node ${process.versions.node}: install Node ${oldestNode} or newer.`);
}

function install() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!installedByHand()) npmCi();
  writeFileSync(stamp, wanted);
}

/**
 * npm leaves its own lock file in node_modules: newer than ours, somebody ran `npm ci` after the last change.
 */
function installedByHand() {
  const own = join(modules, '.package-lock.json');
  return (
    !existsSync(stamp) &&
    existsSync(own) &&
    statSync(own).mtimeMs > statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function npmCi() {
  console.log('Installing npm packages ...');
  const { status, error, stdout, stderr } = spawnSync('npm', ['ci', '--no-progress'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) giveUp(`Cannot install npm packages: npm does not run (${error.message}).`);
  if (status !== 0) {
    giveUp(`Cannot install npm packages: npm ci ended with status ${status}.\n${stdout}${stderr}`.trimEnd());
  }
}

/**
 * Node comes with the packages, so that everybody runs the same one; where there is none, ours must be it.
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

/** Hands signals on, and tells the child by its IPC channel when this process is gone without a word. */
function forward(node, script) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', script, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(child);
  child.on('error', (error) => giveUp(`Cannot run ${node}: ${error.message}`));
  child.on('exit', (status) => {
    process.exitCode = status ?? 1;
  });
}

/** npm that is killed -9 hands nothing on; without it nobody could stop us from the terminal. */
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
