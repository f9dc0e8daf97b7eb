import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import xterm from '@xterm/headless';

const rows = 24;
const columns = 60;

/** Python can open a pseudo-terminal, and Node alone can not. */
const bridge = `
import pty, sys
pty.spawn(["sh", "-c", "stty cols ${columns} rows ${rows}; exec \\"$@\\"", "sh", *sys.argv[1:]])
`;

/** A program in a real pseudo-terminal, and the screen that a person would see. */
export class PseudoTerminal {
  /** Everything that the program wrote. */
  written = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #screen = new xterm.Terminal({ cols: columns, rows, scrollback: 1_000, allowProposedApi: true });

  constructor(command: readonly string[]) {
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) {
      throw new Error('Cannot open a pseudo-terminal: python3 with its module pty is not installed');
    }
    this.#child = spawn('python3', ['-c', bridge, ...command], {
      env: { ...process.env, TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.written += bytes.toString();
      this.#screen.write(bytes);
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** The rows of the screen and what was scrolled out of it, without empty ones at the end. */
  async lines(): Promise<readonly string[]> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const { buffer } = this.#screen;
    const all = Array.from(
      { length: buffer.active.length },
      (_, at) => buffer.active.getLine(at)?.translateToString(true).trimEnd() ?? '',
    );
    return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
  }

  /** The lines joined, once they hold what is looked for. */
  async shows(what: RegExp, withinMs = 20_000): Promise<string> {
    const endsAtMs = performance.now() + withinMs;
    for (;;) {
      const text = (await this.lines()).join('\n');
      if (what.test(text)) return text;
      if (performance.now() > endsAtMs) throw new Error(`The terminal does not show ${what}, but:\n${text}`);
      await sleep(30);
    }
  }

  /** Resolves once the program has ended and all that it wrote is here. */
  async ended(): Promise<void> {
    await this.#closed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
