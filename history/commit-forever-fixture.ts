import { encodeMessage } from './history.ts';
import { openSqliteHistory } from './history-sqlite.ts';

// Commits one message after the other until it is killed, and tells each seq that is durable.
const [, , path = ''] = process.argv;
const store = openSqliteHistory({ path });
for (let seq = 1; process.connected; seq += 1) {
  const message = { seq, atMs: 1_000, id: `id-${seq}`, role: 'USER', text: 'still here' } as const;
  await store.commit([
    {
      creatorId: 'acme',
      userId: 'ann',
      state: '{}',
      inSeq: seq,
      epoch: 1,
      topSeq: seq,
      messages: [encodeMessage(message)],
    },
  ]);
  process.send?.(seq);
}
