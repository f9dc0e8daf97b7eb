import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { ensureInbox } from './inbox-stream.ts';

/**
 * A server that answers each question for a stream with that failure, and counts what it is asked to make.
 */
function serverThatFailsWith(failure: Error) {
  const made: string[] = [];
  const streams = {
    info: async () => {
      throw failure;
    },
    add: async ({ name }: { readonly name: string }) => {
      made.push(name);
      const unlimited = { max_bytes: -1, max_msgs: -1, max_msgs_per_subject: -1, max_age: 0 };
      return { config: { ...unlimited, metadata: { partitions: '8' }, allow_msg_schedules: true } };
    },
  };
  return { made, jsm: { streams } as unknown as JetStreamManager };
}

const notFound = new JetStreamApiError({ code: 404, err_code: 10_059, description: 'stream not found' });

test('ensureInbox() makes the streams where the server says that there are none', async () => {
  const { made, jsm } = serverThatFailsWith(notFound);
  expect(await ensureInbox(jsm, { partitions: 0, replicas: 1 })).toBe(8);
  expect(made).toEqual(['DEAD', 'INBOX']);
});

test('ensureInbox() makes nothing where the server does not tell whether they are there', async () => {
  const { made, jsm } = serverThatFailsWith(new Error('timeout'));
  await expect(ensureInbox(jsm, { partitions: 0, replicas: 1 })).rejects.toThrow('timeout');
  expect(made).toEqual([]);
});
