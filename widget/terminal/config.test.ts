import { sep } from 'node:path';
import { expect, test } from 'vitest';
import { readChatSettings } from './config.ts';

test('readChatSettings() has defaults, and a folder for each creator and user', () => {
  const read = readChatSettings(['--user', 'anna'], { DATA_DIR: '/kept' });
  expect(read).toMatchObject({ ok: true, settings: { creatorId: 'demo', url: 'http://127.0.0.1:8080' } });
  const folder = read.ok && read.settings !== 'help' ? read.settings.folder : '';
  expect(folder.split(sep).slice(-4)).toEqual(['kept', 'chat', 'demo', 'anna']);
  expect(readChatSettings(['--help'], {})).toEqual({ ok: true, settings: 'help' });
});

test('readChatSettings() says what is wrong', () => {
  for (const args of [
    ['--user', '../up'],
    ['--creator', 'Big'],
    ['--url', 'localhost'],
    ['--what'],
    ['stray'],
  ]) {
    expect(readChatSettings(args, {})).toMatchObject({ ok: false, reason: expect.stringMatching(/\S/) });
  }
});
