import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { checkedCreator } from '@rapport/catalog/checked.ts';
import { readKnowledge } from '@rapport/knowledge/knowledge-folder.ts';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { queryOf } from './extractive/query.ts';
import { Library } from './library/library.ts';
import type { Model } from './models/model.ts';

/** A question a person may ask, and the documents any of which answers it; none: the coach does not know. */
export interface Case {
  readonly question: string;
  readonly documentIds: readonly string[];
}

export interface Outcome extends Case {
  readonly answer: string;
  readonly cited: readonly string[];
  readonly unknown: boolean;
  readonly right: boolean;
}

export interface Evaluation {
  readonly outcomes: readonly Outcome[];
  /** The share of answerable questions whose first citation is an expected document. */
  readonly answered: number;
  /** The share of unanswerable questions that were said to be so. */
  readonly refused: number;
}

/**
 * Asks the model every question of a folder (creator.json, knowledge/, questions.json), each in a
 * conversation of its own.
 */
export async function evaluate(folder: string, model: Model): Promise<Evaluation> {
  const creator = checkedCreator(await readJson(join(folder, 'creator.json')));
  // Decoder: the folder's own file.
  const cases = (await readJson(join(folder, 'questions.json'))) as readonly Case[];
  const library = await libraryOf(folder, creator.creatorId);
  const outcomes: Outcome[] = [];
  for (const each of cases) {
    const messages = [create(MessageSchema, { role: Role.USER, text: each.question })];
    const found = library.find(creator.creatorId, queryOf(messages));
    const signal = AbortSignal.timeout(60_000);
    outcomes.push(await outcomeOf(each, model.answer({ creator, messages, found }, signal)));
  }
  await library.close();
  return {
    outcomes,
    answered: shareRight(outcomes.filter(({ documentIds }) => documentIds.length > 0)),
    refused: shareRight(outcomes.filter(({ documentIds }) => documentIds.length === 0)),
  };
}

async function libraryOf(folder: string, creatorId: string): Promise<Library> {
  const catalog = createMemoryCatalog();
  const documents = await readKnowledge(join(folder, 'knowledge'), { creatorId, origin: 'evaluation' });
  for (const document of documents) await catalog.putDocument(document);
  const library = new Library({
    clock: systemClock,
    log: createLog({ name: 'evaluation', level: 'error' }),
    documentMs: 10_000,
    waitMs: 10_000,
  });
  await library.follow(catalog);
  await library.settled();
  return library;
}

async function outcomeOf(each: Case, pieces: ReturnType<Model['answer']>): Promise<Outcome> {
  let answer = '';
  const cited: string[] = [];
  let unknown = false;
  for await (const piece of pieces) {
    if (piece.kind === 'delta') answer += piece.text;
    else if (piece.kind === 'citation') cited.push(piece.source.documentId ?? '');
    else if (piece.kind === 'done') unknown = piece.reason === 'UNKNOWN';
  }
  const right = each.documentIds.length === 0 ? unknown : each.documentIds.includes(cited[0] ?? '');
  return { ...each, answer, cited, unknown, right };
}

function shareRight(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ right }) => right).length / Math.max(1, outcomes.length);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (failure) {
    const sentence = `Cannot read ${path}: its folder should have creator.json, knowledge/, questions.json`;
    throw new Error(sentence, { cause: failure });
  }
}
