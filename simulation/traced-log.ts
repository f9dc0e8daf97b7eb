import { createLog, type Log } from '@rapport/runtime/log.ts';
import type { World } from './world.ts';

const silent = createLog({ name: 'simulation', level: 'silent' });

/** A process's log as lines of the trace: warnings and errors only. */
export function tracedLog(world: World, who: string): Log {
  const tell = (fields: unknown, text: unknown) =>
    world.tell(who, `${String(text)} ${JSON.stringify(fields)}`);
  return Object.assign(Object.create(silent), { warn: tell, error: tell });
}
