import { readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import {
  documentCharsMax,
  hostileDocuments,
  hostileMessages,
  messageCharsMax,
} from './testing/hostile-text.ts';
import { fastestMs, worksOnDocuments, worksOnMessages } from './testing/text-works.ts';

// How the time of every function that reads what people and documents say grows with the length of the text.
const help = `npm run bench:text -- [--slowest N]

Runs each function with texts of each hostile class at an eighth, a half and all of the largest size. Prints
the times in milliseconds and the exponent between the last two: 1 is linear, 2 is quadratic. The N slowest of
each function (5 by default).
`;
/** Times below this say nothing about how they grow. */
const exponentFromMs = 1;

await runCommand(async () => {
  const { values } = readArguments({ help, options: { slowest: { type: 'string', default: '5' } } });
  const rowsMax = whole('slowest', values.slowest);
  const said = { classes: hostileMessages, charsMax: messageCharsMax, rowsMax };
  for (const [name, work] of worksOnMessages) await print(name, work, said);
  const written = { classes: hostileDocuments, charsMax: documentCharsMax, rowsMax };
  for (const [name, work] of worksOnDocuments) await print(name, work, written);
});

type Work = (text: string) => unknown;

async function print(
  name: string,
  work: Work,
  {
    classes,
    charsMax,
    rowsMax,
  }: { readonly classes: typeof hostileMessages; readonly charsMax: number; readonly rowsMax: number },
): Promise<void> {
  const sizes = [charsMax / 8, charsMax / 2, charsMax];
  const rows: { readonly of: string; readonly times: readonly number[] }[] = [];
  for (const [of, make] of classes) {
    const times: number[] = [];
    for (const chars of sizes) {
      const text = make(chars);
      times.push(await fastestMs(() => work(text), 0));
    }
    rows.push({ of, times });
  }
  const last = ({ times }: { readonly times: readonly number[] }) => times.at(-1) ?? 0;
  process.stdout.write(`${name}: ms at ${sizes.join(', ')} characters; exponent\n`);
  for (const { of, times } of rows.sort((a, b) => last(b) - last(a)).slice(0, rowsMax)) {
    const figures = times.map((ms) => ms.toFixed(2).padStart(9)).join('');
    process.stdout.write(`  ${of.padEnd(20)}${figures}  ${exponentOf(times)}\n`);
  }
}

function exponentOf(times: readonly number[]): string {
  const [half = 0, whole = 0] = times.slice(-2);
  return half < exponentFromMs ? '-' : Math.log2(whole / half).toFixed(1);
}
