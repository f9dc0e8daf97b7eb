import { demoFolder } from '@rapport/demo/seed-demo.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { evaluate } from './evaluation.ts';
import { createExtractiveModel } from './extractive/model-extractive.ts';

const [folder = demoFolder] = process.argv.slice(2);
if (folder === '--help' || folder === '-h') {
  process.stdout.write(`npm run evaluate -- [FOLDER]

Asks the extractive model every question of FOLDER/questions.json (the demo creator by default)
and prints which answers rest on an expected document.
`);
} else {
  const { outcomes, answered, refused } = await evaluate(
    folder,
    createExtractiveModel({ clock: systemClock, deltaMs: 0 }),
  );
  for (const { right, question, documentIds, cited, unknown } of outcomes) {
    const got = unknown ? 'unknown' : cited.join(', ') || 'no citation';
    const want = documentIds.join(' | ') || 'unknown';
    process.stdout.write(
      `${right ? 'right' : 'WRONG'}  ${question}\n       ${got}${right ? '' : `  (expected: ${want})`}\n`,
    );
  }
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  process.stdout.write(
    `\n${outcomes.length} questions: ${percent(answered)} of the answerable cite an expected document ` +
      `first, ${percent(refused)} of the others are said to be unknown\n`,
  );
}
