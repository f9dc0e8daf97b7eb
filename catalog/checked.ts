import { Fault } from '@rapport/runtime/fault.ts';
import { z } from 'zod';
import { type Creator, creatorSchema, documentSchema, type KnowledgeDocument } from './creator.ts';

/**
 * The creator with its defaults filled in; throws Fault `bad_request` when the value does not have the
 * schema.
 */
export function checkedCreator(value: unknown): Creator {
  return checked(creatorSchema, value, 'creator');
}

/** The document with its defaults filled in; throws Fault `bad_request` when it does not have the schema. */
export function checkedDocument(value: unknown): KnowledgeDocument {
  return checked(documentSchema, value, 'document');
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault('bad_request', `Cannot take ${what}: ${z.prettifyError(result.error)}`);
}
