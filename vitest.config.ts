import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longestFiles, type SuiteName, suffixes, suites } from './tools/gate/suites.ts';

// A project for each suite. `npm test` runs all of them, `npm run check` only `unit`.
const names = Object.keys(suites) as SuiteName[];

const filesOf = (suffix: string) => `**/*.${suffix}.test.ts`;

const project = (name: SuiteName, groupOrder: number) => ({
  test: {
    name,
    include: name === 'unit' ? ['**/*.test.ts'] : [filesOf(name)],
    exclude: [
      '**/node_modules/**',
      '.data/**',
      '.tools/**',
      ...(name === 'unit' ? suffixes.map(filesOf) : []),
    ],
    testTimeout: suites[name].testWithinMs,
    hookTimeout: 60_000,
    // Vitest's own second is too short for a machine whose cores are shared.
    expect: { poll: { timeout: name === 'unit' ? 5_000 : 15_000 } },
    pool: 'forks' as const,
    maxWorkers: suites[name].filesAtOnceMax,
    isolate: name !== 'unit',
    setupFiles: ['./tools/gate/hang-guard-fixture.ts'],
    provide: { fileWithinMs: suites[name].fileWithinMs },
    // Vitest runs several projects one after the other, because they differ in `maxWorkers`.
    sequence: { groupOrder },
  },
});

/** A file of `longestFiles` starts before all others, which Vitest sorts by their last time or their size. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longestFiles.findIndex((path) => moduleId.endsWith(`/${path}`));
      return at === -1 ? longestFiles.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: { projects: names.map(project), sequence: { sequencer: LongestFirst } },
});
