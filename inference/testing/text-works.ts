import { create } from '@bufbuild/protobuf';
import { checkedCreator, checkedDocument } from '@rapport/catalog/checked.ts';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { compose } from '../extractive/compose.ts';
import { termsOf, wordsOf } from '../extractive/lexicon.ts';
import { createExtractiveModel } from '../extractive/model-extractive.ts';
import { queryOf, questionsOf } from '../extractive/query.ts';
import { askedIn, fitOf, offerOf } from '../extractive/question-fit.ts';
import { ended, sentencesOf } from '../extractive/sentences.ts';
import { smallTalk } from '../extractive/small-talk.ts';
import { stem } from '../extractive/stem.ts';
import { beginningOf, partsOf } from '../library/cut-text.ts';
import { indexedPassagesOf } from '../library/indexed-passage.ts';
import { LexicalRetriever } from '../library/lexical-retriever.ts';
import { promptOf } from '../models/prompt.ts';
import { documentCharsMax } from './hostile-text.ts';

type Work = (text: string) => unknown;

const creator = checkedCreator({ creatorId: 'ada', name: 'Ada' });
const said = (text: string) => create(MessageSchema, { role: Role.USER, text });
const document = (text: string) =>
  checkedDocument({
    creatorId: 'ada',
    documentId: 'd',
    title: 'Naps',
    text: `x${text}`.slice(0, documentCharsMax),
  });
const notFound = { matches: [], weights: new Map() };
const offer = offerOf({
  title: 'How to nap',
  heading: 'How long should a nap be?',
  index: 1,
  text: 'Short.',
});

/** A creator's index that has the words which the hostile messages are near to. */
function retrieverOf(): LexicalRetriever {
  const retriever = new LexicalRetriever();
  const words = Array.from({ length: 20_000 }, (_, at) => (at * 7_919).toString(36).replace(/\d/g, 'e'));
  const indexed = [...indexedPassagesOf(document(words.join(' ').replace(/((?:\S+ ){100})/g, '$1.\n\n')))];
  for (const passage of indexed) retriever.add(passage);
  retriever.show(
    indexed.map(({ passage }) => passage),
    [],
  );
  return retriever;
}
const retriever = retrieverOf();

/** The functions that read a person's message, as the service calls them. */
export const worksOnMessages: ReadonlyMap<string, Work> = new Map<string, Work>([
  ['stem()', stem],
  ['wordsOf()', wordsOf],
  ['termsOf()', termsOf],
  ['queryOf()', (text) => queryOf([said(text), said('why?'), said(text)])],
  ['questionsOf()', (text) => questionsOf(queryOf([said(text)]))],
  ['askedIn()', askedIn],
  ['fitOf()', (text) => fitOf(askedIn(queryOf([said(text)])), offer, () => 2)],
  ['smallTalk()', (text) => smallTalk(text, creator)],
  ['LexicalRetriever.match()', (text) => retriever.match(queryOf([said(text)]))],
  ['promptOf()', (text) => promptOf({ creator, messages: [said(text)], found: notFound }, [])],
  ['createExtractiveModel()', answered],
  ['beginningOf()', (text) => beginningOf(text, 2_000)],
]);

async function answered(text: string): Promise<void> {
  const model = createExtractiveModel({ clock: systemClock, deltaMs: 0 });
  const question = { creator, messages: [said(text)], found: notFound };
  for await (const _piece of model.answer(question, new AbortController().signal));
}

/** The functions that read a creator's document, in the thread that indexes and in the service. */
export const worksOnDocuments: ReadonlyMap<string, Work> = new Map<string, Work>([
  ['indexedPassagesOf()', (text) => [...indexedPassagesOf(document(text))]],
  ['partsOf()', (text) => partsOf(text, 2_000)],
  ['compose()', composed],
]);

function composed(text: string): void {
  const passages = partsOf(text, 2_000).map((part, index) => {
    const sentences = sentencesOf(ended(part)).map((sentence) => ({ text: sentence, paragraph: 0 }));
    return { documentId: 'd', title: 'Naps', url: '', topic: '', heading: '', index, text: part, sentences };
  });
  for (const passage of passages.slice(0, 20)) {
    compose({
      matches: [{ passage, score: 100, terms: ['nap'] }],
      weights: new Map([['nap', 3]]),
      form: 'way',
    });
  }
}

/**
 * The CPU time of the fastest of a few runs: no more runs once one of them is under `enoughMs`. Elapsed time
 * would count other processes of a busy machine.
 */
export async function fastestMs(work: () => unknown, enoughMs: number): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5 && fastest >= enoughMs; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    fastest = Math.min(fastest, (user + system) / 1_000);
  }
  return fastest;
}
