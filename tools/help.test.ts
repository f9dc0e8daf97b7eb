import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './gate/step.ts';

// Decoder: the project's own file.
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const written = ['.env.example', 'proto/gen/rapport/v1/frame_pb.ts', 'package.json'];
const modifiedMs = () => written.map((path) => statSync(join(root, path)).mtimeMs);
let folder = '';
let before: readonly number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rapport-help-'));
  before = modifiedMs();
});
afterAll(() => rm(folder, { recursive: true }));

/** The script as npm runs it. */
async function run(script: string, args: string) {
  const env = {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
    DATA_DIR: join(folder, 'data'),
  };
  return await promisify(execFile)('sh', ['-c', `${script} ${args}`], { cwd: root, env });
}

/** npm has a short way to say these two. */
const short: readonly string[] = ['start', 'test'];

test.concurrent.each(Object.entries(scripts))(
  '%s --help prints its use',
  async (name, script) => {
    const { stdout, stderr } = await run(script, '--help');
    expect(stdout.split('\n')[0]).toMatch(short.includes(name) ? `npm ${name}` : `npm run ${name}`);
    expect(stderr).toBe('');
  },
  120_000, // Each takes half a second of CPU, and the machine may be shared.
);

test('asking for help runs nothing', () => {
  expect(modifiedMs()).toEqual(before);
  expect(existsSync(join(folder, 'data'))).toBe(false);
});
