import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '@rapport/simulation/chance.ts';
import { quietCreator } from '../bench/quiet-creator.ts';
import { openVisitorTokens } from '../bench/visitor-tokens.ts';
import { ChaosDevice } from './device.ts';

export interface PeopleOptions {
  readonly people: number;
  readonly devicesEach: number;
  readonly seed: number;
  /** The address to connect to. */
  readonly url: string;
  /** The gateways' data folder; the devices' outboxes are kept in it too. */
  readonly dataDir: string;
}

export interface ChaosPerson {
  readonly creatorId: string;
  readonly userId: string;
  readonly token: string;
  /** Whether a coach answers. */
  readonly answered: boolean;
  readonly devices: readonly ChaosDevice[];
}

/** One person of this many talks to a coach and waits for answers. The others talk without waiting. */
const coachedOneOf = 4;
const talkPauseMs = 600;
const askPauseMs = 4_000;
const saysPerLife = 25;
const questions = [
  'How can I fall asleep faster?',
  'How do I start a habit and actually keep it?',
  'How do I keep calm before a talk?',
];

export async function gather(options: PeopleOptions): Promise<readonly ChaosPerson[]> {
  const tokenOf = {
    demo: await openVisitorTokens(options.dataDir, 'demo'),
    quiet: await openVisitorTokens(options.dataDir, quietCreator),
  };
  return await Promise.all(
    Array.from({ length: options.people }, async (_, at) => {
      const answered = at % coachedOneOf === coachedOneOf - 1;
      const userId = `person-${at + 1}`;
      const token = await tokenOf[answered ? 'demo' : 'quiet'](userId);
      return person({ userId, token, answered }, options);
    }),
  );
}

function person(
  { userId, token, answered }: Pick<ChaosPerson, 'userId' | 'token' | 'answered'>,
  { devicesEach, seed, url, dataDir }: PeopleOptions,
): ChaosPerson {
  const creatorId = answered ? 'demo' : quietCreator;
  const devices = Array.from({ length: devicesEach }, (_, at) => {
    const device = `${userId}-${at + 1}`;
    return new ChaosDevice({
      device,
      url,
      creatorId,
      token,
      folder: join(dataDir, 'devices', device),
      pauseMs: answered ? askPauseMs : talkPauseMs,
      // The first device stays, as a phone does. The others are loaded again and again.
      saysPerLife: at === 0 ? Number.POSITIVE_INFINITY : saysPerLife,
      text: (number) => (answered ? (questions[number % questions.length] ?? '') : 'and so on'),
      chance: new Chance(seed, device),
    });
  });
  return { creatorId, userId, token, answered, devices };
}

/** All people talk until the signal aborts. */
export async function talkAll(people: readonly ChaosPerson[], signal: AbortSignal): Promise<void> {
  await Promise.all(people.flatMap(({ devices }) => devices.map((device) => device.talk(signal))));
}

/** A say that has waited for less than this is no sign of trouble. */
const freshMs = 1_000;

/**
 * Resolves with true when every device is connected and has no say that waits for long, and every person
 * without a coach has said something after `sinceMs` that is stored. Resolves with false when that takes too
 * long.
 */
export function recovered(
  people: readonly ChaosPerson[],
  { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
): Promise<boolean> {
  const fresh = (device: ChaosDevice) => {
    const { connection, pending } = device.state;
    return connection.at === 'open' && pending.every(({ atMs }) => Date.now() - atMs < freshMs);
  };
  const goesOn = ({ answered, devices }: ChaosPerson) =>
    devices.every(fresh) && (answered || devices.some(({ storedSaidMs }) => storedSaidMs > sinceMs));
  return until(() => people.every(goesOn), withinMs);
}

/** An answer may be followed by another one, to a question that was asked meanwhile. */
const quietMs = 2_000;

/**
 * Resolves with true when no say or answer is due and nothing comes any more; false when that takes too
 * long.
 */
export function settled(people: readonly ChaosPerson[], withinMs: number): Promise<boolean> {
  let top = -1;
  let sinceMs = performance.now();
  return until(() => {
    const topNow = people.every(isDone) ? topOf(people) : -1;
    if (topNow === -1 || topNow !== top) sinceMs = performance.now();
    top = topNow;
    return top !== -1 && performance.now() - sinceMs >= quietMs;
  }, withinMs);
}

function isDone({ answered, devices }: ChaosPerson): boolean {
  const states = devices.map(({ state }) => state);
  const [first] = states.map(({ topSeq }) => topSeq);
  return states.every(({ connection, pending, topSeq, messages, answer }) => {
    const owed = answered && (answer !== undefined || messages.at(-1)?.role === 'USER');
    return connection.at === 'open' && pending.length === 0 && topSeq === first && !owed;
  });
}

function topOf(people: readonly ChaosPerson[]): number {
  return people.reduce((sum, { devices }) => sum + (devices[0]?.state.topSeq ?? 0), 0);
}

async function until(reached: () => boolean, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    if (reached()) return true;
    await sleep(50);
  }
  return reached();
}
