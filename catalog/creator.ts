import { idPattern } from '@rapport/proto/identity.ts';
import { z } from 'zod';

/** The coach says this once to a person who was quiet for so long after an answer. */
const followUpSchema = z.strictObject({
  /** A second to thirty days. */
  afterSeconds: z
    .int()
    .min(1)
    .max(30 * 86_400),
  text: z.string().min(1).max(500),
});

/** Size of all parts' settings together, as JSON. Every process holds every creator in memory. */
const partsCharsMax = 16 * 1024;
/** Each part checks its own settings; here only their frame is known. */
const partsSchema = z
  .record(z.string().regex(/^[a-z]+(-[a-z]+)*$/), z.record(z.string(), z.json()))
  .refine((parts) => JSON.stringify(parts).length <= partsCharsMax, {
    error: `all parts together may take ${partsCharsMax} characters as JSON`,
  });

/** A creator as configured: how the coach presents itself, who may embed it, and how it answers. */
export const creatorSchema = z.strictObject({
  creatorId: z.string().regex(idPattern),
  /** The name people see above the conversation. */
  name: z.string().min(1).max(80),
  greeting: z.string().max(500).default(''),
  /** Questions offered while the conversation is empty. */
  suggestions: z.array(z.string().min(1).max(120)).max(6).default([]),
  /** Sites that may embed the widget, as origins (`https://example.com`); `*` allows any. */
  allowedOrigins: z.array(z.string().min(1).max(200)).max(100).default([]),
  /** `coach`: the model answers; `people`: messages are kept for people to answer. */
  answering: z.enum(['coach', 'people']).default('coach'),
  /** The model's instructions: the coach's character, and how it speaks. */
  personality: z.string().max(8_000).default(''),
  /** The coach says this when its knowledge has no answer. */
  unknownAnswer: z
    .string()
    .min(1)
    .max(500)
    .default("I don't know that. It is not in what I have been given to work with."),
  /** Absent: the coach does not follow up. */
  followUp: followUpSchema.optional(),
  /** Settings of other parts of the conversation, by the part's name (docs/parts.md). */
  parts: partsSchema.optional(),
});
export type Creator = z.infer<typeof creatorSchema>;

/** Whether clients may make a link of it: an address by HTTP or a path, and never a script. */
export function isLink(url: string): boolean {
  return /^(?:https?:\/\/[^\s/\\]|\/(?![/\\]))\S*$/i.test(url);
}

/** One page of a creator's knowledge, in Markdown. */
export const documentSchema = z.strictObject({
  creatorId: z.string().regex(idPattern),
  documentId: z.string().regex(idPattern),
  title: z.string().min(1).max(200),
  /** Where a person can read it; empty when nowhere. */
  url: z
    .string()
    .max(500)
    .refine((url) => url === '' || isLink(url), { error: 'it should begin with https://, http:// or /' })
    .default(''),
  topic: z.string().max(80).default(''),
  text: z
    .string()
    .min(1)
    .max(256 * 1024),
  /**
   * The command that imported it (`demo`, `import`). A later import deletes only documents of its own origin.
   * Absent: written by hand.
   */
  origin: z.string().max(80).optional(),
});
export type KnowledgeDocument = z.infer<typeof documentSchema>;
