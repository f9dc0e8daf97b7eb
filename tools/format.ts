import { readArguments, runCommand } from '@rapport/runtime/arguments.ts';
import { program } from './gate/step.ts';

const use = `npm run format [-- FILE…]

Formats the files, or all, and mends what breaks a rule that biome can mend. Prints what it cannot mend.
`;

const { positionals } = readArguments({ help: use, options: {}, allowPositionals: true });
await runCommand(async () => {
  process.stdout.write(await program('biome', ['check', '--write', ...positionals]));
});
