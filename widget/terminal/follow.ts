import type { Interface } from 'node:readline';
import type { Rapport, RapportState } from '../sdk/rapport.ts';
import { say } from './say.ts';
import type { Transcript } from './transcript.ts';

/** A model may take this long; the script then goes on. */
const answerWithinMs = 90_000;
const reachableWithinMs = 10_000;

/**
 * A script talks: each line waits for the answer to the one before, but not for people, who may be asleep.
 * False when the last line has no answer.
 */
export async function follow(rapport: Rapport, transcript: Transcript, lines: Interface): Promise<boolean> {
  const end = rapport.subscribe((state) => transcript.show(state));
  let answered = true;
  let reachable = true;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    // A dead gateway is waited for once.
    reachable = await until(rapport, isOpen, reachable ? reachableWithinMs : 0);
    transcript.line(`you> ${line}`);
    const id = await say(rapport, { transcript, line, isSeen: true });
    if (id !== undefined && isOpen(rapport.state())) {
      answered = await until(rapport, (state) => isAnswered(state, id), answerWithinMs);
      if (!answered) transcript.note(`no answer within ${answerWithinMs / 1_000} s`);
    }
  }
  end();
  return answered;
}

function isOpen({ connection }: RapportState): boolean {
  return connection.at === 'open';
}

function isAnswered({ messages, pending, answer, coach }: RapportState, id: string): boolean {
  if (pending.some((one) => one.id === id && one.state === 'failed')) return true;
  const own = messages.findIndex((message) => message.id === id);
  if (coach.people) return own !== -1;
  return own !== -1 && answer === undefined && messages.slice(own + 1).some(({ role }) => role !== 'USER');
}

/** Resolves with true once the state is `reached`, with false after `withinMs`. */
function until(
  rapport: Rapport,
  reached: (state: RapportState) => boolean,
  withinMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    let end = () => {};
    const finish = (value: boolean) => {
      clearTimeout(timer);
      end();
      resolve(value);
    };
    const timer = setTimeout(() => finish(false), withinMs);
    end = rapport.subscribe((state) => {
      if (reached(state)) queueMicrotask(() => finish(true));
    });
  });
}
