import { idPattern } from '@rapport/proto/identity.ts';
import { z } from 'zod';
import { type Creator, creatorSchema, documentSchema, type KnowledgeDocument } from './creator.ts';

/**
 * How stored values are read: leniently, because a newer process may have written them. Fields that this
 * process does not know are kept, and limits do not count, because a newer process may have raised them.
 * Writing is strict (`checked.ts`).
 */
const storedCreator = z.looseObject({
  creatorId: z.string().regex(idPattern),
  name: z.string(),
  greeting: z.string(),
  suggestions: z.array(z.string()),
  allowedOrigins: z.array(z.string()),
  /** A way of answering that this process does not know: messages are kept, and no model is asked. */
  answering: creatorSchema.shape.answering.catch('people'),
  personality: z.string(),
  unknownAnswer: z.string(),
  followUp: z.looseObject({ afterSeconds: z.number(), text: z.string() }).optional(),
  parts: z.record(z.string(), z.record(z.string(), z.json())).optional(),
});

const storedDocument = z.looseObject({
  creatorId: z.string().regex(idPattern),
  documentId: z.string().regex(idPattern),
  title: z.string(),
  /** No link is made of an address that is none, whoever wrote it. */
  url: documentSchema.shape.url.catch(''),
  topic: z.string().default(''),
  text: z.string(),
  origin: z.string().optional(),
});

const defaults = creatorSchema.parse({ creatorId: 'none', name: 'none' });

/** The creator with its defaults and with the fields that are not known here. Throws when it is not one. */
export function readCreator(bytes: Uint8Array): Creator {
  const value = decode(bytes);
  return read(storedCreator, isObject(value) ? { ...defaults, ...value } : value) as Creator;
}

/** The document with its defaults and with the fields that are not known here. Throws when it is not one. */
export function readDocument(bytes: Uint8Array): KnowledgeDocument {
  return read(storedDocument, decode(bytes)) as KnowledgeDocument;
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(z.prettifyError(result.error));
}
