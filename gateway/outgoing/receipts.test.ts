import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { markOf } from '@rapport/proto/id-mark.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { expect, test } from 'vitest';
import { createMeters } from '../meters.ts';
import type { Member, PendingSay, Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { Receipts } from './receipts.ts';

const session = {} as Session; // The receipts only hand it on.

function settled(says: readonly Pick<PendingSay, 'clientSeq' | 'id'>[], marks: string | undefined) {
  const sent: DownJson[] = [];
  const writer = { send: (_: Session, frame: DownJson) => sent.push(frame) } as unknown as Writer;
  const meters = createMeters(new Metrics('receipts'));
  const receipts = new Receipts({ writer, clock, meters, acceptedAfterMs: 100 });
  const waiting = says.map((say): PendingSay => ({ ...say, session, at: 'accepted' }));
  const member = { says: [...waiting], appending: 0 } as unknown as Member;
  receipts.settleStored(session, member, {
    clientSeqStored: 3,
    seqs: [11, 12, 13],
    ...(marks !== undefined && { marks }),
  });
  return {
    receipts: sent.map(({ receipt }) => receipt),
    left: member.says.map(({ clientSeq }) => clientSeq),
  };
}

const marks = ['a', 'b', 'c'].map(markOf).join('');

test('an attach settles a say whose receipt was lost, and refuses one whose number another say has', () => {
  const says = [
    { clientSeq: 2, id: 'b' },
    { clientSeq: 3, id: 'x' },
    { clientSeq: 4, id: 'd' },
  ];
  const { receipts, left } = settled(says, marks);
  expect(receipts).toMatchObject([
    { clientSeq: 2, id: 'b', state: 'STORED', seq: 12 },
    { clientSeq: 3, id: 'x', state: 'REJECTED', code: 'number_reused' },
  ]);
  expect(left).toEqual([4]);
});

test('an owner that tells no marks is believed by the numbers alone', () => {
  expect(settled([{ clientSeq: 3, id: 'x' }], undefined).receipts).toMatchObject([
    { state: 'STORED', seq: 13 },
  ]);
});
