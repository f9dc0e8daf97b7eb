import { afterEach, expect, test, vi } from 'vitest';
import { type DeathPoint, Incarnation, key, World } from './crash-fixture.ts';

const incarnations: Incarnation[] = [];
afterEach(() => {
  for (const one of incarnations.splice(0)) one.end();
});

interface Death extends DeathPoint {
  /** The checkpoint that the next owner reads: none, or the newest. */
  readonly checkpoint: 'none' | 'newest';
}

/** A person asks twice and then is quiet. The owner dies once on the way, and another owner goes on. */
async function live(death?: Death) {
  const world = new World();
  let owner = new Incarnation(world, death);
  incarnations.push(owner);
  const until = (reached: () => Promise<boolean> | boolean) =>
    vi.waitFor(
      async () => {
        if (owner.dead) {
          const { performed, running } = owner.worker;
          if (death?.checkpoint === 'newest') world.checkpoint = { performed, running };
          owner = new Incarnation(world);
          incarnations.push(owner);
        }
        expect(await reached()).toBe(true);
      },
      { timeout: 3_000, interval: 1 },
    );
  const messages = () => world.history.page(key, { afterSeq: 0, limit: 100 });
  const say = async (clientSeq: number, wanted: number) => {
    const id = `m-${clientSeq}`;
    // Twice, as a device sends it that got no receipt.
    for (let times = 0; times < 2; times += 1)
      world.append({
        kind: 'said',
        deviceId: 'phone',
        clientSeq,
        id,
        text: `ask ${clientSeq}`,
        channel: 'web',
      });
    await until(async () => (await messages()).length === wanted && world.timers.size === 1);
  };
  await say(1, 2);
  await say(2, 4);
  const before = world.calls.length;
  world.fire();
  await until(async () => (await messages()).length === 5);
  await until(() => owner.worker.performed > 0 && world.calls.length > before);
  const [row] = await world.history.load([key]);
  const said = (await messages()).map(({ seq, role, text }) => `${seq} ${role} ${text}`);
  return { said, calls: world.calls, state: JSON.parse(row?.state ?? '{}').core };
}

const whole = [
  '1 USER ask 1',
  '2 COACH Sleep well.',
  '3 USER ask 2',
  '4 COACH Sleep well.',
  '5 COACH How did it go?',
];

test('a life without a crash is the one that all others have to end like', async () => {
  const { said, calls, state } = await live();
  expect(said).toEqual(whole);
  expect(calls).toEqual([
    'commit', // ask 1
    'append answered',
    'commit', // its answer
    'schedule',
    'commit', // ask 2
    'unschedule',
    'append answered',
    'commit', // its answer
    'schedule',
    'commit', // the follow-up
  ]);
  expect(state).toMatchObject({ topSeq: 5, turn: { at: 'idle' }, timers: { set: 2, pending: [] } });
});

const deaths = Array.from({ length: 10 }, (_, at) => at + 1).flatMap((call) =>
  (['before', 'after'] as const).flatMap((side) =>
    (['none', 'newest'] as const).map((checkpoint): Death => ({ call, side, checkpoint })),
  ),
);

test.each(deaths)(
  'a crash $side call $call, with checkpoint $checkpoint, loses and doubles nothing',
  async (death) => {
    const { said, state } = await live(death);
    expect(said).toEqual(whole);
    expect(state).toMatchObject({ topSeq: 5, turn: { at: 'idle' }, timers: { pending: [] } });
  },
);
