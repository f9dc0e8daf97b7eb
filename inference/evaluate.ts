import { demoFolder } from '@rapport/demo/seed-demo.ts';
import { readArguments, runCommand } from '@rapport/runtime/arguments.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { evaluate } from './evaluation.ts';
import { createExtractiveModel } from './extractive/model-extractive.ts';

const help = `npm run evaluate -- [FOLDER]

Asks the extractive model every question of FOLDER/questions.json (the demo creator by default)
and prints which answers rest on an expected document. FOLDER has creator.json, knowledge/ and questions.json.
`;

await runCommand(async () => {
  const { positionals } = readArguments({ help, options: {}, allowPositionals: true });
  const model = createExtractiveModel({ clock: systemClock, deltaMs: 0 });
  const { outcomes, answered, refused } = await evaluate(positionals[0] ?? demoFolder, model);
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
});
