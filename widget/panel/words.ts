import type { RapportState } from '../sdk/rapport.ts';
import type { Connection } from '../sdk/socket.ts';

// All sentences for visitors, but for what the coach says: short, kind, without technical names.

/** The server does not know the site or the coach, so neither waiting nor trying again would help. */
export function isUnusable(connection: Connection): boolean {
  return (
    connection.at === 'stopped' &&
    ['origin_refused', 'creator_unknown', 'bad_subprotocol'].includes(connection.code)
  );
}

/** Under the coach's name. */
export function statusOf(state: RapportState): string {
  const { answer, typing, connection, coach } = state;
  if (connection.at === 'connecting') return 'connecting…';
  if (connection.at !== 'open') return 'not connected';
  if (answer?.at === 'writing' || typing === 'COACH') return 'is writing…';
  if (typing === 'OPERATOR') return 'a person of the team is writing…';
  return coach.people ? 'answered by people' : 'AI coach';
}

/** At the foot of the panel. Nothing is claimed before the coach is known. */
export function noteOf({ coach }: RapportState): string {
  if (coach.name === '') return '';
  return coach.people
    ? 'People read and answer what you write.'
    : 'Answers are written by AI from the coach’s own material.';
}

/** The first words of a coach whose creator wrote none. */
export function greetingOf({ coach }: RapportState): string {
  if (coach.greeting !== '' || coach.name === '') return coach.greeting;
  return coach.people
    ? `Hello, this is ${coach.name}. Write to us here, and a person will answer.`
    : `Hello, I am ${coach.name}. What would you like to talk about?`;
}

/** What the person should know about the connection, and what can be done. */
export function bannerOf({
  connection,
}: RapportState): { readonly text: string; readonly action?: string } | undefined {
  if (connection.at === 'waiting') {
    if (!navigator.onLine) return { text: 'You are offline. What you write is kept and sent later.' };
    return { text: 'No connection just now. What you write is kept.', action: 'Try now' };
  }
  if (connection.at !== 'stopped') return undefined;
  if (isUnusable(connection)) return { text: 'Sorry, this chat can not be used on this site.' };
  switch (connection.code) {
    case 'replaced':
      return { text: 'The conversation went on in another window.', action: 'Go on here' };
    case 'bad_token':
    case 'token_expired':
      return { text: 'Sorry, your conversation could not be opened.', action: 'Try again' };
    default:
      return { text: 'Sorry, the chat does not work just now.', action: 'Try again' };
  }
}

export const forgetfulNotice =
  'This browser keeps nothing for this site, so the conversation ends when you close the page.';

/** Beside a message that is on its way. */
export function pendingMark({ connection, keeping }: RapportState): string {
  if (connection.at === 'open' || connection.at === 'connecting') return 'Sending…';
  if (isUnusable(connection)) return 'Not sent.';
  return keeping === 'page'
    ? 'It is sent when you are back. Please keep this page open.'
    : 'Kept. It is sent when you are back.';
}

export const cutMark = 'The connection broke here. The answer goes on when it is back.';
export const stoppedMark = 'Stopped here.';

/** Why a message was not taken. */
export function refusalOf(code: string, { textCharsMax }: RapportState): string {
  switch (code) {
    case 'text_too_long':
      return `This message is too long: ${textCharsMax.toLocaleString()} characters are the most.`;
    case 'text_empty':
      return 'There is nothing in this message yet.';
    case 'too_many_in_flight':
      return 'Too many messages wait to be sent. Please try again when you are connected.';
    default:
      return 'This message could not be taken. Please try again in a moment.';
  }
}

/** Beside the input, when its text comes close to the longest one or exceeds it. */
export function lengthHint(chars: number, charsMax: number): string {
  const left = charsMax - chars;
  if (left > 200) return '';
  if (left >= 0) return `${left.toLocaleString()} characters left`;
  const over = -left;
  return `${over.toLocaleString()} ${over === 1 ? 'character' : 'characters'} too many. Please shorten it.`;
}

/** For the console: why the chat can not be used here, and the command that changes it. */
export function ownerSentence(
  { code, reason }: { readonly code: string; readonly reason: string },
  { creatorId, url, origin }: { readonly creatorId: string; readonly url: string; readonly origin: string },
): string {
  if (code !== 'origin_refused')
    return `Rapport: ${url} answered ${code} for creator ${creatorId}: ${reason}`;
  const command = `npm run knowledge -- --creator ${creatorId} --origin ${origin}`;
  return `Rapport: creator ${creatorId} does not allow ${origin}. Add it: ${command}, with its other sites`;
}
