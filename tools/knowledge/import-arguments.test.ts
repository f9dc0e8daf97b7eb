import { expect, test } from 'vitest';
import { readImport } from './import-arguments.ts';

const read = (...origins: string[]) =>
  readImport(['--creator', 'acme', '--from', '.', ...origins.flatMap((origin) => ['--origin', origin])]);

test.each(['*', 'https://www.acme.example', 'http://localhost:3000', 'http://[::1]:3000'])(
  '--origin %s is taken as it is',
  async (origin) => {
    expect(await read(origin)).toMatchObject({ settings: { allowedOrigins: [origin] } });
  },
);

test.each([
  'https://*.acme.example',
  'https://acme.*',
  'http://*',
  '*.acme.example',
  'https://acme.example/path',
  'https://ann@acme.example',
  'ftp://acme.example',
  'file:///x',
  'acme.example',
  'null',
  '',
])('--origin %j matches no site that a browser names, and is refused with one sentence', async (origin) => {
  await expect(read(origin)).rejects.toThrow(/^Cannot use --origin .*: it should be '\*' or one whole site/);
});
