import { createHash } from 'node:crypto';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import type { Chance } from './chance.ts';
import { Device } from './device.ts';
import { type Allowed, allAllowed } from './faults.ts';
import { Gateways, type Ground } from './gateways.ts';
import { Hosts } from './hosts.ts';
import { InferenceModel } from './inference-model.ts';
import { LanesModel } from './lanes-model.ts';
import { LogModel } from './log-model.ts';
import { MembersModel } from './members-model.ts';
import { Mischief } from './mischief.ts';
import { OwnersModel } from './owners-model.ts';
import { People } from './people.ts';
import { reckon, unrest } from './reckoning.ts';
import { StoreModel } from './store-model.ts';
import { TimersModel } from './timers-model.ts';
import { Witness } from './witness.ts';
import { type Broken, World } from './world.ts';

/** For this time people are busy and things go wrong. */
const activeMs = 12_000;
/**
 * Within this time everything has to come to rest: a client needs 75 s to notice a dead connection, and
 * timers that are past due are spread over five minutes.
 */
const restWithinMs = 500_000;
const lookEveryMs = 250;

export interface Outcome {
  readonly seed: number;
  readonly broken: Broken | undefined;
  /** Number of faults that struck. */
  readonly faults: number;
  readonly said: number;
  readonly trace: readonly string[];
  /** Hash of the trace: the same for the same seed. */
  readonly hash: string;
}

/** Runs one world. The same seed and the same allowed faults give the same trace, byte by byte. */
export async function run(seed: number, allowed: Allowed = allAllowed): Promise<Outcome> {
  const world = new World(seed, allowed);
  const unhandled = (failure: unknown) => world.fail('no promise is left alone', String(failure));
  process.on('unhandledRejection', unhandled);
  let said = 0;
  try {
    const town = await settle(world);
    await live(world, town);
    await new Promise((resolve) => setImmediate(resolve)); // Node tells of unhandled rejections now.
    said = town.devices.reduce((sum, device) => sum + device.said.length, 0);
  } catch (failure) {
    const what = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    world.fail('nothing throws into the void', what);
  } finally {
    process.off('unhandledRejection', unhandled);
  }
  const hash = createHash('sha256').update(world.trace.join('\n')).digest('hex');
  const { broken, trace } = world;
  return { seed, broken, faults: world.faults.struck, said, trace, hash };
}

interface Town {
  readonly ground: Ground;
  readonly devices: readonly Device[];
  readonly hosts: Hosts;
  readonly people: People;
  readonly mischief: Mischief;
}

async function settle(world: World): Promise<Town> {
  const chance = world.chance('town');
  const catalog = createMemoryCatalog();
  const quiet = chance.happens(0.5) ? { followUp } : {};
  const parts = chance.happens(0.5) ? { parts: { 'welcome-back': welcomeBack } } : {};
  for (const [creatorId, answering] of [
    ['ada', 'coach'],
    ['bob', 'people'],
  ] as const) {
    await catalog.putCreator({
      ...creatorDefaults,
      ...quiet,
      ...parts,
      creatorId,
      name: creatorId,
      answering,
    });
  }
  const log = new LogModel(world, chance.between(1, 3));
  const store = new StoreModel(world);
  const lanes = new LanesModel(world);
  const isMixed = chance.happens(0.25);
  const ground: Ground = { world, log, lanes, store, catalog, isMixed, ...tables(world, log) };
  const witness = new Witness({ world, store, log });
  const gateways = new Gateways(ground, { witness, count: chance.between(1, 2) });
  const hosts = new Hosts(ground, { inference: new InferenceModel(world), count: chance.between(1, 3) });
  const devices = namesOf(chance).map(
    ({ name, conversation }) => new Device({ name, conversation, world, gateways, witness }),
  );
  const mischief = new Mischief({ world, hosts, gateways, devices });
  return { ground, devices, hosts, people: new People(world, devices), mischief };
}

function tables(world: World, log: LogModel) {
  return {
    owners: new OwnersModel(world),
    members: new MembersModel(world),
    timers: new TimersModel(world, log),
  };
}

const followUp = { afterSeconds: 2, text: 'Are you still there?' };
const welcomeBack = { afterDays: 1, text: 'Good to see you again.' };
const creatorDefaults = {
  greeting: '',
  suggestions: [],
  allowedOrigins: ['*'],
  personality: '',
  unknownAnswer: 'No.',
};

/** One to three people, each with one to three devices. */
function namesOf(chance: Chance): readonly { readonly name: string; readonly conversation: string }[] {
  const people = ['ada/ann', 'ada/ben', 'bob/cas'].slice(0, chance.between(1, 3));
  return people.flatMap((conversation) =>
    Array.from({ length: chance.between(1, 3) }, (_, at) => {
      return { name: `${conversation.split('/')[1]}${at + 1}`, conversation };
    }),
  );
}

async function live(world: World, { ground, devices, hosts, people, mischief }: Town): Promise<void> {
  const stopped = () => world.broken !== undefined;
  people.begin(activeMs);
  mischief.begin();
  await world.time.run(activeMs, stopped);
  mischief.end();
  world.faults.end();
  people.end();
  hosts.deploy();
  world.tell('world', 'nothing goes wrong any more');
  let moves = unrest(ground, devices);
  while (moves !== undefined && !stopped() && world.time.nowMs < activeMs + restWithinMs) {
    await world.time.run(world.time.nowMs + lookEveryMs, stopped);
    moves = unrest(ground, devices);
  }
  if (moves !== undefined) world.fail('everything comes to rest', moves);
  const broken = reckon(ground, devices);
  if (broken !== undefined) world.fail(broken.invariant, broken.sentence);
}
