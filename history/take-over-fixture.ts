import { encodeMessage } from './history.ts';
import { openHistory } from './open-history.ts';

// Plays an owner until it is killed: goes on after the stored row, in batches of one to five messages, and
// tells
// the seq that each commit reached. Every message is an event of its own: message 7 is at position 7.
const [, , url = '', epoch = '1'] = process.argv;
const store = openHistory(url);
const key = { creatorId: 'acme', userId: 'ann' };
let top = (await store.load([key]))[0]?.topSeq ?? 0;
while (process.connected) {
  const count = 1 + Math.floor(Math.random() * 5);
  const messages = Array.from({ length: count }, (_, at) => {
    const seq = top + at + 1;
    return encodeMessage({ seq, atMs: 1_000, id: `id-${seq}`, role: 'USER', text: String(seq) });
  });
  top += count;
  const row = { state: JSON.stringify({ top }), inSeq: top, epoch: Number(epoch), topSeq: top };
  await store.commit([{ ...key, ...row, messages }]);
  process.send?.(top);
}
