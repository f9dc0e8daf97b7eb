import { Fault } from '@rapport/runtime/fault.ts';
import { z } from 'zod';
import { type Creator, creatorSchema, documentSchema, type KnowledgeDocument } from './creator.ts';

/**
 * The creator with its defaults filled in. Fields of `stored`, the value that it replaces, that this process
 * does not know stay as they are: a newer process wrote them. Throws Fault `bad_request` when the value does
 * not have the schema.
 */
export function checkedCreator(value: unknown, stored?: Creator): Creator {
  const unknown = unknownFieldsOf(stored);
  return { ...unknown, ...checked(creatorSchema, without(unknown, value), 'creator') };
}

/** The document with its defaults filled in. Throws Fault `bad_request` when it does not have the schema. */
export function checkedDocument(value: unknown): KnowledgeDocument {
  return checked(documentSchema, value, 'document');
}

function unknownFieldsOf(stored: Creator | undefined): object {
  return Object.fromEntries(
    Object.entries(stored ?? {}).filter(([field]) => !(field in creatorSchema.shape)),
  );
}

/** A value that was read and changed holds the unknown fields again. */
function without(unknown: object, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !(field in unknown)));
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault('bad_request', `Cannot take ${what}: ${z.prettifyError(result.error)}`);
}
