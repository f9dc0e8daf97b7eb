/** A bug to plant: the real code with one place changed. */
export interface Mutant {
  readonly file: string;
  /** The text to replace. It is in the file exactly once. */
  readonly find: string;
  readonly put: string;
}

const gatewayWatch = 'gateway/outgoing/owner-watch.ts';
const worker = 'actors/partition/worker.ts';
const foldParts = 'actors/conversation/fold-parts.ts';

/** Each bug breaks one thing that a promise stands on. `npm run simulate -- --mutants` plants them all. */
export const mutants: ReadonlyMap<string, Mutant> = new Map([
  [
    'a repeated say is stored again',
    {
      file: 'actors/conversation/decide.ts',
      find: 'if (event.clientSeq <= device.clientSeq) return again(core, event, device);',
      put: '',
    },
  ],
  [
    'a gap in the numbers is accepted',
    {
      file: 'actors/conversation/decide.ts',
      find: 'if (event.clientSeq > device.clientSeq + 1) return gap(core, event, device);',
      put: '',
    },
  ],
  [
    'a number that is used again is told as stored',
    {
      file: 'actors/conversation/decide.ts',
      find: 'if (isReused(device, event.clientSeq, mark)) return reused(core, event);',
      put: '',
    },
  ],
  [
    'events read again are folded again',
    { file: 'actors/partition/batch.ts', find: 'if (position <= entry.inSeq) {', put: 'if (position < 0) {' },
  ],
  [
    'the checkpoint runs ahead of the commit',
    {
      file: worker,
      find: 'await this.#store(touched);',
      put: 'this.#performed = records.at(-1)?.sequence ?? 0; await this.#store(touched);',
    },
  ],
  [
    'receipts leave before the commit',
    {
      file: worker,
      find: 'await this.#store(touched);',
      put: 'performer.perform(touched); await this.#store(touched);',
    },
  ],
  [
    'a refused commit drops its batch',
    {
      file: 'actors/partition/commit.ts',
      find: 'await history.commit([...writes.values()]);',
      put: 'await history.commit([...writes.values()]).catch(() => undefined);',
    },
  ],
  [
    'a lost answer is not begun again',
    { file: 'actors/partition/activation.ts', find: 'this.#options.turnLost(key, turn);', put: '{}' },
  ],
  [
    'recorded effects are not performed again',
    { file: worker, find: 'await this.#recorded.replay(again);', put: '' },
  ],
  [
    'a lost partition leaves its actors in memory',
    { file: 'actors/host.ts', find: 'this.#residents.forget(isTheirs);', put: '' },
  ],
  [
    'a timer of an older generation goes off',
    {
      file: 'actors/conversation/timer.ts',
      find: '(other) => other.timerId === timerId && other.generation === generation,',
      put: '(other) => other.timerId === timerId,',
    },
  ],
  [
    'saying something does not cancel the follow-up',
    {
      file: 'actors/conversation/parts/follow-up.ts',
      find: 'return { slice, effects: endQuiet };',
      put: 'return { slice };',
    },
  ],
  [
    'a veto is lost when a later part has none',
    {
      file: foldParts,
      find: "isVetoed ||= result.veto === 'answer';",
      put: "isVetoed = result.veto === 'answer';",
    },
  ],
  [
    'an older host drops the slices of parts it does not know',
    {
      file: foldParts,
      find: 'let slices = slicesBefore;',
      put: 'let slices: Slices = Object.fromEntries(parts.map(({ name }) => [name, slicesBefore[name]]));',
    },
  ],
  [
    'an older host drops the timers of parts it does not know',
    {
      file: 'actors/conversation/timer.ts',
      find: 'return isTooOld ? taken : setTimer(taken, { timerId, dueMs, unknownSinceMs });',
      put: 'return taken;',
    },
  ],
  [
    'a moment is told twice',
    {
      file: foldParts,
      find: 'for (const moment of before.moments) {',
      put: 'for (const moment of [...before.moments, ...before.moments]) {',
    },
  ],
  [
    'a timer is told to every part',
    {
      file: foldParts,
      find: "if (moment.kind === 'timer_fired' && moment.part !== part.name) continue;",
      put: '',
    },
  ],
  [
    'what an answer took is dropped',
    {
      file: 'actors/turns.ts',
      find: "return { kind: 'answered', turnId, attempt, text, sources, usage };",
      put: "return { kind: 'answered', turnId, attempt, text, sources };",
    },
  ],
  [
    'deliveries of a past owner are shown',
    { file: gatewayWatch, find: 'if (epoch < (known?.epoch ?? 0)) return false;', put: '' },
  ],
  [
    'a missing number on a lane is ignored',
    { file: gatewayWatch, find: 'if (number !== expected) this.#lost(hostId);', put: '' },
  ],
  [
    'ACCEPTED is said of what the log refused',
    {
      file: 'gateway/incoming/submissions.ts',
      find: "if (outcome === 'accepted') {",
      put: 'if (outcome.length > 0) {',
    },
  ],
  [
    'catching up leaves one out',
    {
      file: 'gateway/outgoing/history-reader.ts',
      find: 'this.#read(key, { afterSeq, limit }, isWanted)',
      put: 'this.#read(key, { afterSeq: afterSeq + 1, limit }, isWanted)',
    },
  ],
  [
    'a reload forgets the outbox',
    {
      file: 'widget/sdk/sender.ts',
      find: 'this.#device = options.slot.device;',
      put: 'this.#device = { ...options.slot.device, storedUpTo: 0, unsent: [] };',
    },
  ],
  [
    'an older welcome renames a device',
    {
      file: 'widget/sdk/flight.ts',
      find: 'clientSeqStored < storedAtHello',
      put: 'clientSeqStored < device.storedUpTo',
    },
  ],
  [
    'an answer begun again goes on from the old text',
    {
      file: 'widget/sdk/timeline.ts',
      find: "if (turn.state === 'STARTED') return withText(timeline, turn.turnId, '');",
      put: "if (turn.state === 'STARTED') return timeline;",
    },
  ],
  [
    'an older welcome empties the screen',
    {
      file: 'widget/sdk/client.ts',
      find: "frame.kind === 'welcome' ? this.#upToDate(frame) : frame",
      put: 'frame',
    },
  ],
  [
    'a stored say below a new tail stays pending',
    {
      file: 'widget/sdk/timeline.ts',
      find: "state !== 'stored' || seq > top",
      put: 'state.length > 0',
    },
  ],
  [
    'a claim without an answer leaves a partition to nobody',
    {
      file: 'actors/ownership/ownership.ts',
      find: '} else if (!isHeld && owner?.hostId === hostId) {',
      put: "} else if (hostId === '') {",
    },
  ],
  [
    'a new owner is no reason to attach again',
    {
      file: gatewayWatch,
      find: 'if (epoch > (known?.epoch ?? 0)) this.#options.attach.askAgain(partition);',
      put: '',
    },
  ],
  [
    'a reader that is told to stop while it begins goes on',
    { file: 'stream/follow.ts', find: 'if (over) run.stop();', put: '' },
  ],
  [
    'a reader waits on when its connection is back',
    {
      file: 'stream/follow.ts',
      find: 'const endOnReturn = onReturn(stop);',
      put: 'const endOnReturn = () => {};',
    },
  ],
  [
    'a late write of a past owner overwrites',
    { file: 'simulation/store-model.ts', find: 'kept.row.inSeq > inSeq', put: 'kept.row.inSeq < 0' },
  ],
]);
