import { expect, test } from 'vitest';
import { runSoak } from './run.ts';

const seconds = 40;

test('a short soak watches every process, and neither memory nor handles grow wildly', {
  timeout: 180_000,
}, async () => {
  const { verdicts, counts } = await runSoak({ seconds, people: 30, seed: 1, tell: () => {} });
  const ours = ['gateway', 'actors', 'inference'].flatMap((name) =>
    ['loop lag', 'heap', 'rss', 'handles'].map((measure) => `${name} ${measure}`),
  );
  const seen = verdicts.map(({ process, measure }) => `${process} ${measure}`);
  expect(seen.toSorted()).toEqual([...ours, 'actors log lag', 'nats handles', 'nats rss'].toSorted());
  // Lag depends on the other work of the machine, so only `npm run soak` judges it.
  expect(verdicts.filter(({ measure, flat }) => !flat && !measure.endsWith('lag'))).toEqual([]);
  expect(Object.keys(counts).filter((what) => what.startsWith('WRONG'))).toEqual([]);
  expect(Object.keys(counts)).toEqual(
    expect.arrayContaining(['new people', 'visits', 'says', 'says over HTTP', 'says of slow readers']),
  );
});
