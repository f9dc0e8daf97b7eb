import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutants } from './mutants.ts';

/** From now on the mutant's file is loaded with its one change. Loading throws when that place is gone. */
export function plant(name: string): void {
  const mutant = mutants.get(name);
  if (mutant === undefined)
    throw new Error(`Cannot plant ${name}: there are ${[...mutants.keys()].join(', ')}`);
  const wanted = pathToFileURL(join(import.meta.dirname, '..', mutant.file)).href;
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      if (url !== wanted) return loaded;
      return { ...loaded, source: mutated(mutant, textOf(loaded.source)) };
    },
  });
}

/** The file's text with the one place changed. */
export function mutated(
  mutant: { readonly find: string; readonly put: string; readonly file: string },
  text: string,
) {
  const { find, put, file } = mutant;
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`Cannot plant a bug in ${file}: "${find}" is there ${places} times`);
  return text.replace(find, () => put);
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | undefined | null): string {
  if (typeof source === 'string') return source;
  if (source === undefined || source === null) throw new Error('Cannot plant a bug in a file without text');
  return new TextDecoder().decode(source);
}
