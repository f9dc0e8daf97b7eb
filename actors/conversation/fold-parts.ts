import type { Context, NewMessage, Step } from './decision.ts';
import { pushToAll } from './effect.ts';
import type { Part, PartContext, PartEffect, PartMessage } from './part.ts';
import type { Slices } from './state.ts';
import { cancelTimer, setTimer, timerIdOf } from './timer.ts';

export interface Folded {
  readonly step: Step;
  readonly slices: Slices;
  /** A part keeps the model from answering. */
  readonly isVetoed: boolean;
}

/** Tells the step's moments to every part, in order, and adds the parts' messages and effects to the step. */
export function foldParts(
  before: Step,
  {
    slices: slicesBefore,
    parts,
    context,
  }: { readonly slices: Slices; readonly parts: readonly Part[]; readonly context: Context },
): Folded {
  let step = before;
  let slices = slicesBefore;
  let isVetoed = false;
  const { userId, atMs, answering, settings } = context;
  const unset: PartContext<unknown> = { userId, atMs, answering, settings: undefined };
  for (const moment of before.moments) {
    for (const part of parts) {
      if (moment.kind === 'timer_fired' && moment.part !== part.name) continue;
      const slice = slices[part.name] ?? part.initial;
      const published = settings[part.name];
      const given = published === undefined ? unset : { ...unset, settings: settingsOf(part, published) };
      const result = part.on(moment, slice, given);
      if (result.messages !== undefined) step = withMessages(step, result.messages, { part, context });
      if (result.effects !== undefined) step = withEffects(step, result.effects, part);
      if (result.slice !== slice) slices = withSlice(slices, part, result.slice);
      isVetoed ||= result.veto === 'answer';
    }
  }
  return { step, slices, isVetoed };
}

/** Settings that were checked, by the published value: to check them costs more than to fold a moment. */
const checked = new WeakMap<object, { readonly part: Part; readonly settings: unknown }>();

function settingsOf(part: Part, published: unknown): unknown {
  if (typeof published !== 'object' || published === null) return undefined;
  const known = checked.get(published);
  if (known?.part === part) return known.settings;
  const settings = part.settings.safeParse(published).data;
  checked.set(published, { part, settings });
  return settings;
}

/** A message's id names the part and the seq, so that no two messages have one id. */
function withMessages(
  before: Step,
  messages: readonly PartMessage[],
  { part, context }: { readonly part: Part; readonly context: Context },
): Step {
  const { topSeq } = before.core;
  const stored = messages.map(({ role, text }, at): NewMessage => {
    const seq = topSeq + 1 + at;
    return { seq, id: `${part.name}-${seq}`, role, text, atMs: context.atMs };
  });
  return {
    core: { ...before.core, topSeq: topSeq + messages.length },
    messages: [...before.messages, ...stored],
    effects: [...before.effects, ...stored.map((message) => pushToAll({ message }))],
    moments: before.moments,
  };
}

function withEffects(before: Step, effects: readonly PartEffect[], part: Part): Step {
  let step = before;
  for (const effect of effects) {
    const timerId = timerIdOf(part.name, effect.timer);
    if (effect.kind === 'set_timer') step = setTimer(step, { timerId, dueMs: effect.dueMs });
    else if (effect.kind === 'cancel_timer') step = cancelTimer(step, timerId);
    else effect satisfies never;
  }
  return step;
}

/** A slice that is the part's initial one takes no place in the row. */
function withSlice(slices: Slices, part: Part, slice: unknown): Slices {
  if (slice !== part.initial) return { ...slices, [part.name]: slice };
  const { [part.name]: _, ...others } = slices;
  return others;
}
