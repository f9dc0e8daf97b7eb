import type { Limits } from '@rapport/proto/limits.ts';

/** How many says a person has in hand, as counted at `atMs`. They come back evenly over the window. */
export interface Allowance {
  readonly says: number;
  readonly atMs: number;
}

type Window = Pick<Limits, 'saysPerWindowMax' | 'saysWindowMs'>;

/** The allowance of a person who comes anew: the first count fills it up to the limit. */
export const fullAllowance: Allowance = { says: Number.POSITIVE_INFINITY, atMs: 0 };

/** Takes one say, or tells how long until there is one. Pure: the caller keeps the new allowance. */
export function takeSay(
  allowance: Allowance,
  nowMs: number,
  limits: Window,
): { readonly ok: true; readonly allowance: Allowance } | { readonly ok: false; readonly waitMs: number } {
  const says = saysAt(allowance, nowMs, limits);
  if (says >= 1) return { ok: true, allowance: { says: says - 1, atMs: nowMs } };
  return { ok: false, waitMs: Math.ceil(((1 - says) * limits.saysWindowMs) / limits.saysPerWindowMax) };
}

/** Gives back one say that the log did not take. */
export function giveSayBack(allowance: Allowance): Allowance {
  return { says: allowance.says + 1, atMs: allowance.atMs };
}

/**
 * Lowers an allowance by what the person sent through other gateways. Never raises it. `debtMs` is the time
 * until everything that was counted there and here has come back; `uncounted` says of this gateway are not in
 * it yet.
 */
export function lowered(
  allowance: Allowance,
  given: {
    readonly debtMs: number;
    readonly uncounted: number;
    readonly nowMs: number;
    readonly limits: Window;
  },
): Allowance {
  const { debtMs, uncounted, nowMs, limits } = given;
  const { saysPerWindowMax, saysWindowMs } = limits;
  const says = ((saysWindowMs - debtMs) * saysPerWindowMax) / saysWindowMs - uncounted;
  return says < saysAt(allowance, nowMs, limits) ? { says, atMs: nowMs } : allowance;
}

function saysAt(allowance: Allowance, nowMs: number, { saysPerWindowMax, saysWindowMs }: Window): number {
  const back = ((nowMs - allowance.atMs) * saysPerWindowMax) / saysWindowMs;
  return Math.min(saysPerWindowMax, allowance.says + back);
}
