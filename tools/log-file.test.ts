import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LogFile } from './log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'rapport-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

// /dev/full answers every write as a full disk does.
test.runIf(process.platform === 'linux')('a full disk drops lines, and the file says how many', () => {
  const path = join(folder, 'full.log');
  symlinkSync('/dev/full', path);
  const log = new LogFile(path);
  log.write('one');
  log.write('two');
  rmSync(path);
  log.write('three');
  expect(readFileSync(path, 'utf8')).toBe('2 lines are missing here: they could not be written.\nthree\n');
});

test('a full file becomes .1, and the next line begins a new one', () => {
  const path = join(folder, 'long.log');
  const log = new LogFile(path);
  const line = 'x'.repeat(20 * 1024 * 1024);
  log.write(line);
  log.write(line);
  expect(readFileSync(`${path}.1`).length).toBe(line.length + 1);
  expect(readFileSync(path).length).toBe(line.length + 1);
});
