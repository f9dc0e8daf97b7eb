import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readArguments, runCommand } from '@rapport/runtime/arguments.ts';
import { envExample } from './env-example.ts';
import { program, root } from './gate/step.ts';

const use = `npm run generate

Writes what is made from other files: proto/gen from the schema in proto/rapport, and .env.example from what
the programs print with --help.
`;

readArguments({ help: use, options: {} });
await runCommand(async () => {
  await program('buf', ['generate'], { cwd: join(root, 'proto') });
  await writeFile(join(root, '.env.example'), await envExample());
});
