import { join } from 'node:path/posix';
import { type Finding, importsOf, isCode, isTest, type SourceFile } from './source-file.ts';

/**
 * The folders that each folder may import. A process imports the folders that all processes stand on, and no
 * other process. The one exception is the actor host's client of inference. ARCHITECTURE.md draws the arrows.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  runtime: ['proto'],
  stream: ['runtime', 'proto'],
  history: ['runtime', 'proto'],
  catalog: ['runtime', 'proto', 'stream'],
  knowledge: ['runtime', 'proto', 'catalog'],
  demo: ['runtime', 'catalog', 'knowledge'],
  // The command that asks the demo's questions reads the demo's pages.
  inference: ['runtime', 'proto', 'stream', 'catalog', 'knowledge', 'demo'],
  // The gateway serves the demo site, through one door.
  gateway: ['runtime', 'proto', 'stream', 'catalog', 'history', 'demo/demo-site.ts'],
  actors: ['runtime', 'proto', 'stream', 'catalog', 'history', 'inference/client.ts'],
  widget: ['proto'],
  // A load test speaks for many people: it signs its own tokens.
  loadtest: [
    'runtime',
    'proto',
    'stream',
    'history',
    'catalog',
    'widget',
    'tools',
    'gateway/tokens/tokens.ts',
    'gateway/tokens/token-keys.ts',
    'actors/conversation/state.ts',
    'actors/partition/state-row.ts',
    'simulation/chance.ts',
  ],
  // The simulation runs all processes in one.
  simulation: [
    'runtime',
    'proto',
    'stream',
    'history',
    'catalog',
    'inference/client.ts',
    'inference/piece.ts',
    'gateway',
    'actors',
    'widget',
  ],
  tools: [
    'runtime',
    'proto',
    'stream',
    'history',
    'catalog',
    'knowledge',
    'demo',
    'widget',
    // The command that sets a part checks the settings as the part does.
    'actors/conversation/parts.ts',
  ],
};

/**
 * The order inside a workspace, from top to bottom: a file imports only its own layer and those below. A
 * layer is a folder, or a file beside the folders. ARCHITECTURE.md tells it.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  gateway: [
    'main.ts',
    'gateway.ts',
    'http',
    'incoming',
    'outgoing',
    'limits',
    'sockets',
    'tokens',
    'config.ts',
    'meters.ts',
  ],
};

/** Every import inside a workspace that has layers goes down. */
export function checkLayers(files: readonly SourceFile[]): readonly Finding[] {
  return files
    .filter((file) => isCode(file) && !isTest(file))
    .flatMap((file) => {
      const [workspace = ''] = file.path.split('/');
      const order = layers[workspace];
      if (order === undefined) return [];
      return importsOf(file.text).flatMap((specifier) => checkLayer(file, specifier, order));
    });
}

function checkLayer(file: SourceFile, specifier: string, order: readonly string[]): readonly Finding[] {
  if (!specifier.startsWith('.')) return [];
  const from = file.path.split('/').slice(1);
  const to = join(...from.slice(0, -1), specifier).split('/');
  const [fromLayer, toLayer] = [order.indexOf(from[0] ?? ''), order.indexOf(to[0] ?? '')];
  if (fromLayer < 0) return [`${file.path} is in no layer: tools/tidy/arrows.ts lists them`];
  if (toLayer >= fromLayer) return [];
  return [`${file.path} imports ${specifier}: ${from[0]} stands below ${to[0]}`];
}

/** Every import across folders is on an arrow and declared in the folder's package.json. */
export function checkArrows(
  files: readonly SourceFile[],
  declaredBy: (folder: string) => readonly string[],
): readonly Finding[] {
  return files.filter(isCode).flatMap((file) => {
    const [folder = ''] = file.path.split('/');
    const known = arrows[folder];
    if (known === undefined) return [];
    return importsOf(file.text).flatMap((specifier) =>
      checkImport(file, specifier, { allowed: known, declared: declaredBy(folder) }),
    );
  });
}

function checkImport(
  file: SourceFile,
  specifier: string,
  { allowed, declared }: { readonly allowed: readonly string[]; readonly declared: readonly string[] },
): readonly Finding[] {
  const wrong = (what: string) => [`${file.path} imports ${specifier}: ${what}`];
  if (specifier.startsWith('.')) {
    return leaves(file.path, specifier)
      ? wrong('another folder is imported as @rapport/<folder>/<file>.ts')
      : [];
  }
  const [, target = '', door = ''] = /^@rapport\/([^/]+)\/(.*)$/.exec(specifier) ?? [];
  if (target === '') return [];
  if (!door.endsWith('.ts')) return wrong('an import names its file, with .ts');
  // Test doubles are built of everything, and only tests import them.
  if (isTest(file) && door.endsWith('fixture.ts')) return [];
  if (!declared.includes(`@rapport/${target}`))
    return wrong('it is not in the dependencies of its package.json');
  const open = allowed.includes(target) || allowed.includes(`${target}/${door}`);
  return open || isTest(file) ? [] : wrong('there is no such arrow in ARCHITECTURE.md');
}

function leaves(path: string, specifier: string): boolean {
  const depth = path.split('/').length - 2;
  return specifier.split('/').filter((part) => part === '..').length > depth;
}
