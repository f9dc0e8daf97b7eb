import { type Limits, limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { afterEach, expect, test } from 'vitest';
import { openTestGateway, sayId } from '../testing/gateway-fixture.ts';
import type { PersonLimits } from './limits.ts';

type Open = (options: { readonly limits: Limits; readonly clock: Clock }) => PersonLimits;

/**
 * The limits of one gateway, with or without others to count with. `open` gives limits with nothing counted;
 * they may not be ready yet.
 */
export function describePersonLimits(name: string, open: Open): void {
  const opened: PersonLimits[] = [];
  const openKept: Open = (options) => {
    const personLimits = open(options);
    opened.push(personLimits);
    return personLimits;
  };
  afterEach(() => {
    for (const personLimits of opened.splice(0)) personLimits.close();
  });

  test(`${name}: a person's says are counted over all their sockets`, async () => {
    const { client } = await openTestGateway({ saysPerWindowMax: 4 }, openKept);
    const [one, two] = [await client().hello(), await client().hello()];
    for (let clientSeq = 1; clientSeq <= 2; clientSeq += 1) one.say(clientSeq);
    for (let clientSeq = 3; clientSeq <= 5; clientSeq += 1) two.say(clientSeq);
    expect(one.wire.all('receipt').filter(({ code }) => code === 'too_fast')).toEqual([]);
    expect(two.wire.all('receipt').filter(({ code }) => code === 'too_fast')).toMatchObject([
      { id: sayId(5), retryAfterMs: 2_500 },
    ]);
  });

  test(`${name}: who comes back has no more says than before, until the time has passed`, async () => {
    const { client, clock } = await openTestGateway({ saysPerWindowMax: 2 }, openKept);
    const one = await client().hello();
    one.say(1);
    one.say(2);
    one.close();
    const again = await client().hello();
    again.say(3);
    expect(again.wire.all('receipt').filter(({ code }) => code === 'too_fast')).toHaveLength(1);
    again.close();
    await clock.advance(10_050);
    const later = await client().hello();
    later.say(3);
    expect(later.wire.all('receipt').filter(({ code }) => code === 'too_fast')).toEqual([]);
  });

  test(`${name}: one socket more than allowed replaces the oldest`, async () => {
    const { client } = await openTestGateway({ socketsPerPersonMax: 2 }, openKept);
    const clients = [await client().hello(), await client().hello(), await client().hello()];
    expect(clients.map(({ wire }) => wire.ended?.reason)).toEqual(['replaced', undefined, undefined]);
  });

  test(`${name}: an address has so many visitor tokens and then waits; another one does not`, async () => {
    const { clock } = await openTestGateway();
    const personLimits = openKept({ limits: { ...limits, visitorTokensPerMinuteMax: 2 }, clock });
    const waits: number[] = [];
    for (let asked = 1; asked <= 3; asked += 1) waits.push(await personLimits.visitor('10.0.0.1'));
    expect(waits.map((waitMs) => waitMs > 0)).toEqual([false, false, true]);
    expect(waits[2]).toBeLessThanOrEqual(60_000);
    expect(await personLimits.visitor('10.0.0.2')).toBe(0);
  });
}
