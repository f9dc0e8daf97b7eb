import { describe, expect, test } from 'vitest';
import { add, freshDevice, type Outbox, type Slot, settle } from './outbox.ts';

const said = (text: string) => ({ id: idOf(text), text, choiceId: '', atMs: 1 });
const anna = 'anna';
const deviceOne = '00000000-0000-4000-8000-000000000001';
const deviceTwo = '00000000-0000-4000-8000-000000000002';

/** A UUID that tells of which text it is. */
export function idOf(text: string): string {
  const hex = [...text].map((unit) => unit.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return `00000000-0000-7000-8000-${hex.slice(0, 12).padStart(12, '0')}`;
}

async function say(slot: Slot, ...texts: readonly string[]): Promise<void> {
  await slot.write(texts.reduce((device, text) => add(device, said(text)), slot.device));
}

/** The promises of every Outbox. `open` opens the same storage again, as another tab or process would. */
export function outboxContract(name: string, storage: () => Promise<() => Promise<Outbox>>): void {
  describe(`${name} keeps the promises of an outbox`, () => {
    test('a new slot has the fresh device, and nothing unsent', async () => {
      const open = await storage();
      const slot = await (await open()).take(deviceOne);
      expect(slot.device).toEqual(freshDevice(deviceOne));
    });

    test('what was written is there for the next holder, with its numbers', async () => {
      const open = await storage();
      const slot = await (await open()).take(deviceOne);
      await say(slot, 'one', 'two', 'three');
      const written = add(add(add(slot.device, said('one')), said('two')), said('three'));
      await slot.write(settle(written, 1));
      await slot.release();
      const next = await (await open()).take(deviceTwo);
      expect(next.device.deviceId).toBe(deviceOne);
      expect(next.device.storedUpTo).toBe(1);
      expect(next.device.unsent.map(({ clientSeq, text }) => [clientSeq, text])).toEqual([
        [2, 'two'],
        [3, 'three'],
      ]);
    });

    test('a slot that is held is given to nobody else', async () => {
      const open = await storage();
      const slot = await (await open()).take(deviceOne);
      await say(slot, 'mine');
      const other = await open();
      expect(await other.takeAbandoned(anna)).toBeUndefined();
      expect((await other.take(deviceTwo)).device).toEqual(freshDevice(deviceTwo));
    });

    test('what one person has not sent is given to that person alone', async () => {
      const open = await storage();
      const slot = await (await open()).take(deviceOne, anna);
      await slot.write(add({ ...slot.device, userId: anna }, said('for anna')));
      await slot.release();
      const ben = await (await open()).take(deviceTwo, 'ben');
      expect(ben.device).toEqual(freshDevice(deviceTwo));
      expect(await (await open()).takeAbandoned('ben')).toBeUndefined();
      const back = await (await open()).take(deviceTwo, anna);
      expect(back.device.unsent.map(({ text }) => text)).toEqual(['for anna']);
    });

    test('a slot with unsent says is taken before an empty one, and once only', async () => {
      const open = await storage();
      const empty = await (await open()).take(deviceOne);
      const full = await (await open()).take(deviceTwo);
      await empty.write(empty.device);
      await say(full, 'unsent');
      await Promise.all([empty.release(), full.release()]);
      const taken = await Promise.all([
        (await open()).takeAbandoned(anna),
        (await open()).takeAbandoned(anna),
      ]);
      expect(taken.filter((slot) => slot !== undefined)).toHaveLength(1);
      expect((await (await open()).take('00000000-0000-4000-8000-000000000003')).device.deviceId).toBe(
        deviceOne,
      );
    });
  });
}
