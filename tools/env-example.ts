import { join } from 'node:path';
import { program, root } from './gate/step.ts';

/** The programs that take settings, in the order in which people look for them. Each prints its own. */
const sources = [
  { title: 'npm start', script: 'tools/rapport.ts' },
  { title: 'the gateway', script: 'gateway/main.ts' },
  { title: 'the actor host', script: 'actors/main.ts' },
  { title: 'the inference service', script: 'inference/main.ts' },
] as const;

const head = `# Every setting of Rapport with its default. Copy this file to .env and change what differs.
# Written by \`npm run generate\` from what the programs print with --help.
`;

/** The text of .env.example. A setting that several programs know stands where it comes first. */
export async function envExample(): Promise<string> {
  const helps = await Promise.all(sources.map(({ script }) => help(script)));
  const known = new Set<string>();
  const sections = sources.map(({ title }, at) => {
    const settings = settingsOf(helps[at] ?? '').filter(({ name }) => !known.has(name));
    for (const { name } of settings) known.add(name);
    const rows = settings.map(({ name, fallback, doc }) => `# ${doc}\n# ${name}=${fallback}\n`);
    return `\n## Of ${title}\n\n${rows.join('\n')}`;
  });
  return head + sections.join('');
}

/** PORT_BASE of this process's environment must not show in the defaults. */
function help(script: string): Promise<string> {
  return program(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, script), '--help'], {
    env: { PORT_BASE: '' },
  });
}

/** Reads what `helpText` of runtime/options.ts prints. */
export function settingsOf(
  printed: string,
): readonly { readonly name: string; readonly fallback: string; readonly doc: string }[] {
  const rows = printed.matchAll(/^ {2}([A-Z][A-Z0-9_]*)=(.*)\n {6}(.*)$/gm);
  return [...rows].map(([, name = '', fallback = '', doc = '']) => ({ name, fallback, doc }));
}
