import type { Catalog } from '@rapport/catalog/catalog.ts';
import { Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { GenerateRequest } from '@rapport/proto/gen/rapport/v1/inference_pb.ts';
import { idPattern } from '@rapport/proto/identity.ts';
import { answerCharsMax } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Admission } from '../admission.ts';
import { queryOf } from '../extractive/query.ts';
import type { Library } from '../library/library.ts';
import type { Model } from '../models/model.ts';
import type { Piece } from '../piece.ts';
import { timedUsage } from './timed-usage.ts';

export interface Answering {
  readonly catalog: Catalog;
  readonly library: Library;
  readonly model: Model;
  readonly admission: Admission;
  readonly clock: Clock;
}

/** An actor sends at most 20. A request has at most this many messages of answerCharsMax. */
const messagesMax = 200;

/** One answer: the request is checked, a slot awaited, the knowledge searched, the model asked. */
export async function* answer(
  { catalog, library, model, admission, clock }: Answering,
  request: GenerateRequest,
  signal: AbortSignal,
): AsyncIterable<Piece> {
  const beganMs = clock.monotonicMs();
  const wrong = faultOf(request);
  if (wrong !== undefined) throw new Fault('bad_request', wrong);
  const creator = catalog.creator(request.creatorId)?.creator;
  if (creator === undefined) {
    throw new Fault('creator_unknown', `Cannot answer for creator ${request.creatorId}: there is none`);
  }
  await library.ready(creator.creatorId, signal);
  const leave = await admission.enter(request, signal);
  try {
    const { messages } = request;
    const found = library.find(creator.creatorId, queryOf(messages));
    const pieces = model.answer({ creator, messages, found }, signal);
    yield* timedUsage(pieces, { clock, beganMs, model: model.name });
  } finally {
    leave();
  }
}

/** The sentence that says what is wrong with a request; undefined when nothing is. */
function faultOf({ creatorId, userId, turnId, messages }: GenerateRequest): string | undefined {
  if (!idPattern.test(creatorId)) return `Cannot answer: creator_id "${creatorId}" should match ${idPattern}`;
  if (!idPattern.test(userId)) return `Cannot answer: user_id "${userId}" should match ${idPattern}`;
  if (turnId === '' || turnId.length > 100) return 'Cannot answer: turn_id should have 1 to 100 characters';
  if (messages.length === 0) return 'Cannot answer: messages is empty';
  if (messages.length > messagesMax) {
    return `Cannot answer ${messages.length} messages: at most ${messagesMax} are taken`;
  }
  const long = messages.find(({ text }) => text.length > answerCharsMax);
  if (long !== undefined) {
    return `Cannot answer a message of ${long.text.length} characters: at most ${answerCharsMax} are taken`;
  }
  const last = messages.at(-1);
  if (last?.role !== Role.USER)
    return "Cannot answer: the last message should be the person's, with role USER";
  return last.text.trim() === '' ? 'Cannot answer: the last message has no text' : undefined;
}
