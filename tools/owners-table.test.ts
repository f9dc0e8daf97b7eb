import { expect, test } from 'vitest';
import { ownersTable } from './owners-table.ts';

test('a partition is a line, and one that nobody owns says so', () => {
  const row = { epoch: 3, checkpoint: 1_200, behind: 0, answers: 1 };
  const table = ownersTable([
    { ...row, partition: 0, host: 'actors-2-1f3a9c2e' },
    { ...row, partition: 11, host: '', behind: 42 },
  ]);
  expect(table.split('\n')).toEqual([
    'partition  host               epoch  checkpoint  behind  answers',
    '        0  actors-2-1f3a9c2e      3        1200       0        1',
    '       11  nobody                 3        1200      42        1',
  ]);
});
