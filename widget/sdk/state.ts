import { limits } from '@rapport/proto/limits.ts';
import type { Welcome } from './frame.ts';
import type { RapportState } from './rapport.ts';
import { type Timeline, topSeq } from './timeline.ts';

const noCoach = { name: '', greeting: '', suggestions: [], people: false };

/** The state of a client, as its caller sees it. */
export function stateOf(
  known: Pick<RapportState, 'connection' | 'fault' | 'keeping'> & {
    readonly timeline: Timeline;
    readonly welcome: Welcome | undefined;
    readonly isLoadingOlder: boolean;
  },
): RapportState {
  const { connection, fault, keeping, timeline, welcome, isLoadingOlder } = known;
  const { userId, base, messages, pending, answer, stopped, typing, readSeq, sockets } = timeline;
  const older = isLoadingOlder ? 'loading' : 'more';
  return {
    connection,
    userId,
    coach: welcome?.coach ?? noCoach,
    textCharsMax: welcome?.textCharsMax ?? limits.textCharsMax,
    messages,
    pending,
    answer,
    stoppedTurns: stopped,
    typing,
    topSeq: topSeq(timeline),
    readSeq,
    sockets,
    older: base === undefined || base === 0 ? 'none' : older,
    fault,
    keeping,
  };
}
