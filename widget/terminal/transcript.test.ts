import { expect, test } from 'vitest';
import { createRapport } from '../sdk/client.ts';
import { ScriptedGateway, settle } from '../testing/scripted-gateway.ts';
import { Transcript } from './transcript.ts';

test('a transcript only grows: greeting, streamed answer, sources, choices, trouble', async () => {
  const gateway = new ScriptedGateway();
  const { surroundings } = gateway;
  const rapport = createRapport({ url: 'http://gateway.test', creatorId: 'demo', surroundings });
  let text = '';
  const transcript = new Transcript({ write: (more) => (text += more), base: 'http://gateway.test' });
  rapport.subscribe((state) => transcript.show(state));
  await settle();
  gateway.judge = () => 'silence';
  transcript.typed('typed here');
  const kept = await rapport.say('typed here');
  if (!kept.ok) throw new Error(kept.reason);
  gateway.store({ id: kept.id, role: 'USER', text: 'typed here' });
  await settle();
  for (const [offset, word] of [
    [0, 'An '],
    [3, 'ans'],
    [6, 'wer'],
  ] as const) {
    gateway.push({ delta: { turnId: 't', offset, text: word } });
    await settle();
  }
  gateway.store({
    id: 'a',
    role: 'COACH',
    turnId: 't',
    text: 'An answer.',
    sources: [{ title: 'Page', url: '/learn/page' }],
    choices: [{ id: 'c', text: 'More' }],
  });
  gateway.store({ id: 'b', role: 'USER', text: 'typed elsewhere' });
  await settle();
  gateway.reachable = false;
  for (const socket of gateway.open) socket.end();
  await settle();
  gateway.reachable = true;
  await gateway.clock.pass(20_000);
  expect(text.split('\n')).toEqual([
    'coach> Hello',
    '       e.g. How do I start?',
    'coach> An answer.',
    '       from: Page <http://gateway.test/learn/page>',
    '       [1] More',
    'you> typed elsewhere',
    '(The conversation can not be reached just now.',
    ' What you write is kept and sent later.)',
    '(connected again)',
    '',
  ]);
  await rapport.close();
});
