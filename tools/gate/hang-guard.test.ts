import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../scratch.ts';
import { program, root } from './step.ts';

/** Runs a file that hangs in a Vitest of its own; returns what that prints. */
async function runHanging(path: string): Promise<string> {
  const scratch = await makeScratch('hang');
  const config = join(scratch.path, 'vitest.config.mjs');
  const setupFiles = [join(import.meta.dirname, 'hang-guard-fixture.ts')];
  const settings = { include: [path], pool: 'forks', setupFiles, provide: { fileWithinMs: 300 } };
  await writeFile(config, `export default ${JSON.stringify({ test: settings })}`);
  try {
    return await program('vitest', ['run', '--root', root, '--config', config]);
  } catch (failure) {
    return String(failure);
  } finally {
    await scratch.remove();
  }
}

test('a test file that blocks its process is killed, named, and has failed', async () => {
  const printed = await runHanging('tools/gate/hanging-fixture.ts');
  expect(printed).toContain('tools/gate/hanging-fixture.ts hangs: it did not end within 0.3 s');
  expect(printed).toMatch(/Errors .*1 error/);
}, 20_000);
