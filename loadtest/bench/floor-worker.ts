import { DatabaseSync } from 'node:sqlite';
import { createLog } from '@rapport/runtime/log.ts';
import { runService } from '@rapport/runtime/service.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import {
  type FloorSay,
  type FloorStored,
  floorInbox,
  floorRecords,
  floorStored,
  floorStream,
} from './floor-subjects.ts';

// The floor's worker reads the log in order. One commit stores all says that arrive in a round of the event
// loop, and one message answers them.
await runService(async () => {
  const log = createLog({ name: 'floor-worker', level: 'warn' });
  const nc = await connectNats({ url: process.env.NATS_URL ?? '', name: 'floor-worker', log });
  const database = new DatabaseSync(process.env.FLOOR_PATH ?? '');
  const store = createStore(database);
  let arrived: FloorSay[] = [];
  const turn = () => {
    const stored = store(arrived);
    arrived = [];
    nc.publish(floorStored, JSON.stringify(stored));
  };
  nc.subscribe(floorRecords, {
    callback: (_failure, message) => {
      if (message.data.length === 0) return;
      if (arrived.length === 0) setImmediate(turn);
      for (const say of message.json<readonly FloorSay[]>()) arrived.push(say);
    },
  });
  const ask = async (subject: string, body: object) => {
    const answer = await nc.request(subject, JSON.stringify(body));
    const { error } = answer.json<{ error?: { description: string } }>();
    if (error !== undefined) throw new Error(`Cannot set up the floor: ${error.description}`);
  };
  await ask(`$JS.API.STREAM.CREATE.${floorStream}`, {
    name: floorStream,
    subjects: [floorInbox],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    num_replicas: 1,
  });
  await ask(`$JS.API.CONSUMER.CREATE.${floorStream}`, {
    stream_name: floorStream,
    config: { deliver_subject: floorRecords, deliver_policy: 'all', ack_policy: 'none', mem_storage: true },
  });
  return {
    ready: {},
    stop: async () => {
      await nc.close();
      database.close();
    },
  };
});

function createStore(database: DatabaseSync): (says: readonly FloorSay[]) => FloorStored[] {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE messages (socket INTEGER, seq INTEGER, body TEXT) STRICT');
  const begin = database.prepare('BEGIN');
  const commit = database.prepare('COMMIT');
  const insert = database.prepare('INSERT INTO messages VALUES (?, ?, ?)');
  const tops = new Map<number, number>();
  return (says) => {
    begin.run();
    const stored = says.map(([socket, { say }]): FloorStored => {
      const seq = (tops.get(socket) ?? 0) + 1;
      tops.set(socket, seq);
      insert.run(socket, seq, say.text);
      return [socket, say.clientSeq, seq];
    });
    commit.run();
    return stored;
  };
}
