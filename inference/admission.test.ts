import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Admission, type AdmissionLimits } from './admission.ts';

const wide: AdmissionLimits = {
  slotsMax: 100,
  slotsPerCreatorMax: 100,
  slotsPerConversationMax: 1,
  waitingMax: 1_000,
  waitingPerCreatorMax: 1_000,
};
const never = new AbortController().signal;
const key = (creatorId: string, userId: string) => ({ creatorId, userId });

/** Enters and notes the name in `order` once admitted; `leave` gives the slot back. */
function entering(admission: Admission, order: string[], creatorId: string, userId: string) {
  const leave = admission.enter(key(creatorId, userId), never).then((done) => {
    order.push(`${creatorId}/${userId}`);
    return done;
  });
  return { leave: async () => (await leave)() };
}

describe('Admission', () => {
  it('admits at once while there is a slot', async () => {
    const admission = new Admission(wide);
    await admission.enter(key('ada', 'u1'), never);
    await admission.enter(key('ada', 'u2'), never);
    expect(admission.running).toBe(2);
    expect(admission.waiting).toBe(0);
  });

  it("takes turns between creators: another's turn waits for one slot, not for five hundred", async () => {
    const admission = new Admission({ ...wide, slotsMax: 1 });
    const order: string[] = [];
    const crowd = Array.from({ length: 501 }, (_, n) => entering(admission, order, 'crowd', `u${n}`));
    const lone = entering(admission, order, 'lone', 'u1');
    await setImmediate();
    expect(order).toEqual(['crowd/u0']);
    await crowd[0]?.leave();
    await setImmediate();
    await crowd[1]?.leave();
    await setImmediate();
    expect(order).toContain('lone/u1');
    await lone.leave();
    for (const turn of crowd.slice(2)) await turn.leave();
    expect(order.filter((name) => name.startsWith('crowd'))).toEqual(crowd.map((_, n) => `crowd/u${n}`));
    expect(admission.running).toBe(0);
    expect(admission.waiting).toBe(0);
  });

  it('gives three creators that wait a third of the slots each, whatever they queue', async () => {
    const admission = new Admission({ ...wide, slotsMax: 1 });
    const order: string[] = [];
    const first = entering(admission, order, 'first', 'u');
    const turns = [
      ...Array.from({ length: 60 }, (_, n) => entering(admission, order, 'a', `u${n}`)),
      ...Array.from({ length: 10 }, (_, n) => entering(admission, order, 'b', `u${n}`)),
      ...Array.from({ length: 10 }, (_, n) => entering(admission, order, 'c', `u${n}`)),
    ];
    await first.leave();
    await Promise.all(turns.map((turn) => turn.leave()));
    const soon = order.slice(1, 31).map((name) => name[0]);
    expect(['a', 'b', 'c'].map((creator) => soon.filter((each) => each === creator).length)).toEqual([
      10, 10, 10,
    ]);
  });

  it('lets one creator have no more slots than its own limit while others get theirs', async () => {
    const admission = new Admission({ ...wide, slotsPerCreatorMax: 2 });
    const order: string[] = [];
    const [one] = ['u1', 'u2', 'u3'].map((userId) => entering(admission, order, 'ada', userId));
    entering(admission, order, 'bob', 'u1');
    await setImmediate();
    expect(order).toEqual(['ada/u1', 'ada/u2', 'bob/u1']);
    await one?.leave();
    await setImmediate();
    expect(order.at(-1)).toBe('ada/u3');
  });

  it('runs one turn of a conversation at a time, and lets others of that creator pass', async () => {
    const admission = new Admission(wide);
    const order: string[] = [];
    const first = entering(admission, order, 'ada', 'u1');
    entering(admission, order, 'ada', 'u1');
    entering(admission, order, 'ada', 'u2');
    await setImmediate();
    expect(order).toEqual(['ada/u1', 'ada/u2']);
    await first.leave();
    await setImmediate();
    expect(order).toEqual(['ada/u1', 'ada/u2', 'ada/u1']);
  });

  it('refuses with model_busy what is more than may wait, of one creator or of all', async () => {
    const admission = new Admission({ ...wide, slotsMax: 1, waitingMax: 3, waitingPerCreatorMax: 2 });
    const order: string[] = [];
    for (const userId of ['u0', 'u1', 'u2']) entering(admission, order, 'ada', userId);
    const refusedOf = (creatorId: string) =>
      admission.enter(key(creatorId, 'more'), never).catch((fault: { code: string }) => fault.code);
    expect(await refusedOf('ada')).toBe('model_busy');
    entering(admission, order, 'bob', 'u1');
    expect(await refusedOf('eve')).toBe('model_busy');
    expect(admission.waiting).toBe(3);
  });

  it('forgets a waiting turn that is aborted, and does not give it a slot', async () => {
    const admission = new Admission({ ...wide, slotsMax: 1 });
    const order: string[] = [];
    const first = entering(admission, order, 'ada', 'u1');
    const gone = new AbortController();
    const aborted = admission.enter(key('ada', 'u2'), gone.signal);
    entering(admission, order, 'ada', 'u3');
    gone.abort(new Error('stopped'));
    await expect(aborted).rejects.toThrow('stopped');
    expect(admission.waiting).toBe(1);
    await first.leave();
    await setImmediate();
    expect(order).toEqual(['ada/u1', 'ada/u3']);
  });

  it('takes a slot back once, however often it is given back', async () => {
    const admission = new Admission({ ...wide, slotsMax: 1 });
    const leave = await admission.enter(key('ada', 'u1'), never);
    leave();
    leave();
    expect(admission.running).toBe(0);
  });
});
