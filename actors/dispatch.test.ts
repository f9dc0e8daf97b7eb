import { setImmediate as turn } from 'node:timers/promises';
import type { Deliveries, Push } from '@rapport/proto/delivery.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { describe, expect, test } from 'vitest';
import { Dispatch } from './dispatch.ts';

const key = { creatorId: 'demo', userId: 'ann' };
const push = (text: string): Push => ({ to: 'all', frame: { message: { text } } });

function dispatching(there: boolean) {
  const sent: Deliveries[] = [];
  const gone: string[] = [];
  let beat = () => {};
  const keepBeat = (_: number, tick: () => void) => {
    beat = tick;
    return () => {};
  };
  const dispatch = new Dispatch({
    hostId: 'host',
    clock: { ...systemClock, every: keepBeat },
    onGone: (gatewayId) => gone.push(gatewayId),
    lanes: {
      toOwner: () => {},
      onControls: () => () => {},
      onDeliveries: () => () => {},
      toGateway: (_, deliveries) => sent.push(deliveries),
      pulse: async (_, deliveries) => sent.push(deliveries) > 0 && there,
    },
  });
  return { dispatch, sent, gone, beat: () => beat() };
}

describe('Dispatch', () => {
  test('sends one message per gateway and turn, numbered without holes', async () => {
    const { dispatch, sent } = dispatching(true);
    for (const text of ['a', 'b']) dispatch.send('g1', { key, epoch: 1, pushes: [push(text)], messages: [] });
    await turn();
    dispatch.send('g1', { key, epoch: 1, pushes: [push('c')], messages: [] });
    await turn();
    expect(sent.map(({ number, deliveries }) => [number, deliveries.length])).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('keeps every lane message small, however much one turn has', async () => {
    const { dispatch, sent } = dispatching(true);
    for (let at = 0; at < 200; at += 1)
      dispatch.send('g1', { key, epoch: 1, pushes: [push('x'.repeat(8_000))], messages: [] });
    await turn();
    expect(sent.reduce((sum, { deliveries }) => sum + deliveries.length, 0)).toBe(200);
    expect(Math.max(...sent.map((message) => JSON.stringify(message).length))).toBeLessThan(256 * 1024);
    expect(sent.map(({ number }) => number)).toEqual(sent.map((_, at) => at + 1));
  });

  test('counts the stored messages, and keeps them in the order of their pushes', async () => {
    const { dispatch, sent } = dispatching(true);
    const stored = (seq: number) => ({ to: 'stored' as const, deviceId: 'd', clientSeq: seq, id: 'i', seq });
    for (let seq = 1; seq <= 100; seq += 1)
      dispatch.send('g1', { key, epoch: 1, pushes: [stored(seq)], messages: [`${seq}${'x'.repeat(8_000)}`] });
    await turn();
    expect(sent.length).toBeGreaterThan(1);
    for (const { deliveries, messages } of sent) {
      const seqs = deliveries.flatMap(({ pushes }) => pushes.map((push) => 'seq' in push && push.seq));
      expect(messages.map((message) => Number.parseInt(message, 10))).toEqual(seqs);
    }
  });

  test('repeats the newest number as a heartbeat, and forgets a gateway that is gone', async () => {
    const { dispatch, sent, gone, beat } = dispatching(false);
    dispatch.send('g1', { key, epoch: 1, pushes: [push('a')], messages: [] });
    await turn();
    beat();
    await turn();
    expect(sent.at(-1)).toEqual({ hostId: 'host', number: 1, deliveries: [], messages: [] });
    expect(gone).toEqual(['g1']);
    beat();
    expect(sent).toHaveLength(2);
  });
});
