import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

// Decoder: npm's own file.
const { packages } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8'),
) as { readonly packages: Readonly<Record<string, Locked>> };
const entries = Object.entries(packages);

test('every package is pinned by its content, those for other platforms too', () => {
  const fetched = entries.filter(([path, { link }]) => path.includes('node_modules/') && link !== true);
  expect(fetched.length).toBeGreaterThan(100);
  expect(fetched.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
});

test('what the project depends on has one exact version, and is in the lock file on every platform', () => {
  const own = entries.filter(([path]) => !path.includes('node_modules'));
  const wanted = own.flatMap(([, { dependencies, devDependencies, optionalDependencies }]) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }),
  );
  const others = wanted.filter(([name]) => !name.startsWith('@rapport/'));
  const loose = others.filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([]);
  const missing = others.filter(([name]) => packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});
