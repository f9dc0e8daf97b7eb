import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../scratch.ts';
import { program } from './step.ts';

test('program() resolves with what was printed, and throws it when the program fails', async () => {
  expect(await program('sh', ['-c', 'echo well; echo done >&2'])).toMatch(/well\n.*done|done\n.*well/s);
  await expect(program('sh', ['-c', 'echo broken; exit 3'])).rejects.toThrow('broken');
  await expect(program('sh', ['-c', 'exit 3'])).rejects.toThrow('sh ended with status 3');
  await expect(program('no-such-program', [])).rejects.toThrow('ENOENT');
});

test('program() ends a program that hangs, even when a grandchild holds its output open', async () => {
  const hanging = program('sh', ['-c', 'echo begun; sleep 5 & wait'], { withinMs: 300 });
  await expect(hanging).rejects.toThrow(/begun\nsh did not end within 0.3 s/);
});

test('a gate that is stopped stops the program that it runs', async () => {
  const scratch = await makeScratch('step');
  const pidPath = join(scratch.path, 'pid');
  const script = `
    import { exitOnSignals } from ${JSON.stringify(join(import.meta.dirname, '..', 'scratch.ts'))};
    import { program } from ${JSON.stringify(join(import.meta.dirname, 'step.ts'))};
    exitOnSignals();
    await program('sh', ['-c', 'echo $$ > ${pidPath}; exec sleep 30']);
  `;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  const gate = spawn(process.execPath, args, { stdio: 'inherit' });
  const pid = () => Number(existsSync(pidPath) && readFileSync(pidPath, 'utf8'));
  await expect.poll(pid, { timeout: 5_000 }).toBeGreaterThan(0);
  gate.kill('SIGTERM');
  await once(gate, 'exit');
  await expect.poll(() => existsSync(`/proc/${pid()}`), { timeout: 5_000 }).toBe(false);
  await scratch.remove();
});
