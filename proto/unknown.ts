/**
 * The rule for what a newer process writes and this one does not know. A reader names the kinds that it
 * knows. It never throws because of another kind, and the values beside it stay as they are. What becomes of
 * the other kind (left out, kept, or set aside in DEAD) is decided for each sort of value in
 * ARCHITECTURE.md, "Newer and older side by side". Fields that are not known are never an error.
 */
export function isKnown<Kind extends string>(
  kinds: Readonly<Record<Kind, true>>,
  kind: unknown,
): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(kinds, kind);
}
