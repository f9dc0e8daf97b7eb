import type { Event } from '@rapport/proto/envelope.ts';
import { decide } from './decide.ts';
import type { Context } from './decision.ts';
import { type Conversation, newConversation } from './state.ts';

// Measures one decision: `node actors/conversation/decide.bench.ts` prints nanoseconds of processor time as
// JSON. Processor time, because other work on the machine makes the clock's time useless.
const runs = 9;
const conversations = 2_000;
const rounds = 40;

const context: Context = { userId: 'ann', atMs: 1_000, answering: 'coach', configVersion: 1, settings: {} };
const people: Context = { ...context, answering: 'people' };

const says: number[] = [];
const exchanges: number[] = [];
for (let run = 0; run < runs; run += 1) {
  says.push(benchSays());
  exchanges.push(benchExchanges());
}
const figures = { nsPerSay: spread(says), nsPerExchange: spread(exchanges) };
process.stdout.write(`${JSON.stringify({ conversations, rounds, runs, ...figures })}\n`);

/** A say that people answer: the message, its receipt, the device's numbers. */
function benchSays(): number {
  return bench((state, round) => decide(state, say(round), people).state);
}

/** A say and the coach's answer to it. */
function benchExchanges(): number {
  return bench((state, round) => {
    const { state: asked } = decide(state, say(round), context);
    const answered: Event = {
      kind: 'answered',
      turnId: `t${asked.core.topSeq}`,
      text: 'Sleep.',
      sources: [],
    };
    return decide(asked, answered, context).state;
  });
}

function bench(step: (state: Conversation, round: number) => Conversation): number {
  const states: Conversation[] = Array.from({ length: conversations }, () => newConversation);
  const began = process.cpuUsage();
  for (let round = 1; round <= rounds; round += 1) {
    for (let at = 0; at < conversations; at += 1) states[at] = step(states[at] ?? newConversation, round);
  }
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1e3) / (rounds * conversations);
}

function say(clientSeq: number): Event {
  const id = `0190a6c2-7d1e-7b3a-9c4d-${String(clientSeq).padStart(12, '0')}`;
  return {
    kind: 'said',
    deviceId: '0193c0de-0000-7000-8000-000000000001',
    clientSeq,
    id,
    text: 'How can I fall asleep faster?',
    channel: 'web',
  };
}

function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number) => Math.round(sorted[index] ?? Number.NaN);
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}
