import { storedMessages } from '../stored-messages.ts';
import { check, type Violation } from './checker.ts';
import { type Fault, kindOf, type Topology } from './faults.ts';
import type { PersonRecord } from './journal.ts';
import { type ChaosPerson, gather, recovered, settled, talkAll } from './people.ts';
import { strike } from './strike.ts';
import { type Round, receiptWaits, type Waits, waitsOf } from './waits.ts';
import { nameOf, Witness } from './witness.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export interface ChaosOptions {
  readonly topology: Topology;
  readonly seed: number;
  readonly people: number;
  readonly devicesEach: number;
  /** Called with each sentence about the run's progress. */
  readonly tell: (sentence: string) => void;
  readonly rootOf?: WorldOptions['rootOf'];
}

export interface ChaosResult {
  readonly seed: number;
  readonly rounds: readonly { readonly kind: string; readonly recovered: boolean; readonly waits: Waits }[];
  /** Milliseconds until each message of the whole run was stored. */
  readonly saysMs: readonly number[];
  /** How often a socket was lost before there was another. */
  readonly lostSockets: number;
  /** Messages that people were promised. */
  readonly said: number;
  readonly stored: number;
  /** Every device had every message in time. */
  readonly settled: boolean;
  readonly violations: readonly Violation[];
  /** Processes that ended by themselves. */
  readonly deaths: readonly string[];
}

const recoveredWithinMs = 60_000;
const settledWithinMs = 120_000;

/** The world, the people and the witness of a scenario. */
export interface Stage {
  readonly world: World;
  readonly people: readonly ChaosPerson[];
  readonly witness: Witness;
  readonly tell: (sentence: string) => void;
}

/**
 * Plays one fault after the other on a whole Rapport with people in it, and compares everything at the end.
 */
export async function runChaos(
  options: ChaosOptions & { readonly faults: readonly Fault[] },
): Promise<ChaosResult> {
  const { faults } = options;
  return await onStage(options, async (stage) => {
    const rounds: Round[] = [];
    for (const [at, fault] of faults.entries()) {
      const act = (world: World) => strike(world, fault);
      const round = await playRound(stage, { kind: kindOf(fault), host: fault.target, act });
      rounds.push(round);
      stage.tell(`${at + 1}/${faults.length} ${sentenceOf(fault)}: ${outcomeOf(round)}`);
    }
    return rounds;
  });
}

function sentenceOf({ what, target, ms, share }: Fault): string {
  return `${what} ${target}${ms === 0 ? '' : ` for ${ms} ms`}${share === 1 ? '' : `, ${share} of them`}`;
}

export function outcomeOf({ beganMs, endedMs, recovered: asBefore }: Round): string {
  return `${asBefore ? 'as before' : 'NOT as before'} after ${Math.round(endedMs - beganMs)} ms`;
}

/** Lets people talk while `play` runs, then waits until all is quiet and compares journals, store and log. */
export async function onStage(
  options: ChaosOptions,
  play: (stage: Stage) => Promise<readonly Round[]>,
): Promise<ChaosResult> {
  const { topology, seed, tell, rootOf } = options;
  const world = await startWorld(topology, { seed, rootOf });
  try {
    const witness = await Witness.open(world.nats.urls.join(','));
    const people = await gather({ ...options, url: world.url, dataDir: world.dataDir });
    const ends = new AbortController();
    const talking = talkAll(people, ends.signal);
    await recovered(people, { sinceMs: 0, withinMs: recoveredWithinMs });
    const rounds = await play({ world, people, witness, tell });
    ends.abort();
    await talking;
    const quiet = await settled(people, settledWithinMs);
    tell(quiet ? 'everybody has everything; comparing' : 'NOT everybody has everything; comparing');
    await Promise.all(people.flatMap(({ devices }) => devices.map((device) => device.close())));
    const records = await recordsOf(world, people, witness);
    await witness.close();
    return { ...resultOf({ seed, rounds, people, records }), settled: quiet, deaths: deathsOf(world) };
  } finally {
    await world.stop();
  }
}

/** Does something to the process `host` and waits until all people talk as before. */
export async function playRound(
  { world, people, witness }: Stage,
  round: { readonly kind: string; readonly host: string; readonly act: (world: World) => Promise<void> },
): Promise<Round> {
  const { kind, host, act } = round;
  const hit = people.filter((person) => !host.startsWith('actors') || witness.ownerOf(person) === host);
  const beganMs = performance.now();
  await act(world);
  const asBefore = await recovered(people, { sinceMs: performance.now(), withinMs: recoveredWithinMs });
  return {
    kind,
    beganMs,
    endedMs: performance.now(),
    hit: new Set(hit.map(nameOf)),
    recovered: asBefore,
  };
}

async function recordsOf(
  world: World,
  people: readonly ChaosPerson[],
  witness: Witness,
): Promise<readonly PersonRecord[]> {
  const logged = await witness.logged(people);
  return await Promise.all(
    people.map(async (person) => {
      const stored = await storedMessages(world.rapport.url, person.token);
      return {
        person: nameOf(person),
        answered: person.answered,
        devices: person.devices,
        logged: logged.get(nameOf(person)) ?? [],
        stored: stored.map(({ seq = 0, id = '', role = '', text = '', turnId = '' }) => {
          return { seq, id, role, text, turnId };
        }),
      };
    }),
  );
}

function resultOf(given: {
  readonly seed: number;
  readonly rounds: readonly Round[];
  readonly people: readonly ChaosPerson[];
  readonly records: readonly PersonRecord[];
}): Omit<ChaosResult, 'settled' | 'deaths'> {
  const { seed, rounds, people, records } = given;
  const named = people.map((person) => ({ name: nameOf(person), devices: person.devices }));
  const devices = people.flatMap((person) => person.devices);
  const whole = { beganMs: rounds[0]?.beganMs ?? 0, endedMs: rounds.at(-1)?.endedMs ?? 0 };
  return {
    seed,
    rounds: rounds.map((round) => ({
      kind: round.kind,
      recovered: round.recovered,
      waits: waitsOf(round, named),
    })),
    saysMs: devices.flatMap((device) => receiptWaits(device, whole)),
    lostSockets: devices.flatMap(({ connections }) => connections.filter(({ at }) => at === 'lost')).length,
    said: devices.reduce((sum, device) => sum + device.said.length, 0),
    stored: records.reduce((sum, { stored }) => sum + stored.length, 0),
    violations: check(records),
  };
}

/** The supervisor tells how each process ended. Processes that a fault ended got a signal, or status 0. */
function deathsOf({ rapport }: World): readonly string[] {
  return rapport.told.filter((sentence) => /it ended with status [^0]/.test(sentence));
}
