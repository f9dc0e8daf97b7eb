import { defineConfig } from 'vitest/config';

// A test's suffix says what it needs; `npm test` runs all of them, `npm run check` only those that need
// nothing.
const needs = ['nats', 'browser', 'redis', 'cassandra', 'system'] as const;

const project = (name: string, include: string[], exclude: string[] = []) => ({
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '.data/**', ...exclude],
    testTimeout: name === 'unit' ? 10_000 : 60_000,
    hookTimeout: 60_000,
    pool: 'forks' as const,
    fileParallelism: name === 'unit',
    // Unit tests leave nothing behind, and starting a process for each file took longer than they do.
    isolate: name !== 'unit',
  },
});

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        ['**/*.test.ts'],
        needs.map((need) => `**/*.${need}.test.ts`),
      ),
      ...needs.map((need) => project(need, [`**/*.${need}.test.ts`])),
    ],
  },
});
