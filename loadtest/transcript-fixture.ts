/** A step of a transcript: a frame to send, or a frame to receive once or any number of times. */
export type Step =
  | { readonly kind: 'send'; readonly frame: string }
  | { readonly kind: 'receive'; readonly frame: unknown; readonly many: boolean };

/** The steps of the ```transcript block of a Markdown text; `#` lines are remarks. */
export function stepsOf(markdown: string): readonly Step[] {
  const block = /```transcript\n([\s\S]*?)```/.exec(markdown)?.[1];
  if (block === undefined) throw new Error('Cannot find a transcript block');
  return block.split('\n').flatMap((line): Step[] => {
    if (line.startsWith('> ')) return [{ kind: 'send', frame: line.slice(2) }];
    if (line.startsWith('< ')) return [{ kind: 'receive', frame: JSON.parse(line.slice(2)), many: false }];
    if (line.startsWith('<* ')) return [{ kind: 'receive', frame: JSON.parse(line.slice(3)), many: true }];
    if (line === '' || line.startsWith('#')) return [];
    throw new Error(`Cannot read transcript line: ${line}`);
  });
}

/** Whether `given` has all that the pattern has. `…` stands for any value; further fields are ignored. */
export function matches(pattern: unknown, given: unknown): boolean {
  if (pattern === '…') return given !== undefined;
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(given) &&
      given.length === pattern.length &&
      pattern.every((item, at) => matches(item, given[at]))
    );
  }
  if (typeof pattern === 'object' && pattern !== null) {
    if (typeof given !== 'object' || given === null) return false;
    const fields = new Map(Object.entries(given));
    return Object.entries(pattern).every(([name, value]) => matches(value, fields.get(name)));
  }
  return pattern === given;
}
