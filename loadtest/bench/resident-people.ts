import { randomUUID } from 'node:crypto';
import { type Conversation, newConversation, noSlices } from '@rapport/actors/conversation/state.ts';
import { rowText } from '@rapport/actors/partition/state-row.ts';
import type { ConversationWrite, MessageStore } from '@rapport/history/history.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';

/** A conversation remembers at most so many says of a device; a full one is the largest. */
const saysRemembered = 16;
const writesAtOnce = 1_000;

/** A person with two devices, whose conversation is idle. */
export interface IdlePerson extends ConversationKey {
  readonly deviceId: string;
}

/** Stores the rows of `count` idle conversations, each as large as after many messages. */
export async function storeIdlePeople(store: MessageStore, count: number): Promise<readonly IdlePerson[]> {
  const people = Array.from({ length: count }, () => ({
    creatorId: 'bench',
    userId: `v-${randomUUID()}`,
    deviceId: randomUUID(),
  }));
  for (let at = 0; at < count; at += writesAtOnce) {
    await store.commit(people.slice(at, at + writesAtOnce).map(rowOf));
  }
  return people;
}

function rowOf({ creatorId, userId, deviceId }: IdlePerson): ConversationWrite {
  const state = stateOf(deviceId);
  return {
    creatorId,
    userId,
    messages: [],
    state: rowText(state, { effects: [], kept: [] }),
    inSeq: 1,
    epoch: 1,
    topSeq: state.core.topSeq,
  };
}

function stateOf(deviceId: string): Conversation {
  const topSeq = 4 * saysRemembered;
  const device = (id: string, first: number) => ({
    deviceId: id,
    clientSeq: saysRemembered,
    seqs: Array.from({ length: saysRemembered }, (_, at) => first + 4 * at),
    marks: randomUUID()
      .replaceAll('-', '')
      .repeat(3)
      .slice(0, 6 * saysRemembered),
  });
  const followUp = { timerId: 'follow-up', generation: 3, dueMs: Date.UTC(2100, 0) };
  return {
    core: {
      ...newConversation.core,
      topSeq,
      readSeq: topSeq,
      answeredSeq: topSeq - 1,
      devices: [device(randomUUID(), 1), device(deviceId, 3)],
      timers: { set: 3, pending: [followUp] },
    },
    parts: noSlices,
  };
}
