import { createRapport } from '../sdk/client.ts';
import { systemSurroundings } from '../sdk/surroundings.ts';
import { converse } from '../terminal/converse.ts';
import { ScriptedGateway } from './scripted-gateway.ts';

// `npm run chat` with a coach that answers slowly and means harm, without a network.

/** What a model may write: it would rename the window, clear the screen and colour it. */
const attack = '\u001b]0;owned\u0007\u001b[2J\u001b[H\u009b31m';
const words = ['one', 'two', '睡眠', 'four', '👩‍🚀', 'six', attack, 'eight', 'nine', 'ten'];
/** More than one row of the terminal. */
const answer = Array.from({ length: 3 }, () => words.join(' ')).join(' ');

let isWriting = false;
const gateway = new ScriptedGateway();
gateway.beganAtMs = Date.now();
const { after, nowMs, monotonicMs } = systemSurroundings();
const rapport = createRapport({
  url: 'http://gateway.test',
  creatorId: 'demo',
  surroundings: { ...gateway.surroundings, after, nowMs, monotonicMs },
});

const watch = setInterval(() => {
  const asked = gateway.messages.filter(({ role }) => role === 'USER').length;
  const answered = gateway.messages.length - asked;
  if (asked > answered && !isWriting) write(`t${answered}`);
}, 20);

function write(turnId: string): void {
  isWriting = true;
  gateway.push({ turn: { turnId, state: 'STARTED' } });
  let offset = 0;
  const timer = setInterval(() => {
    const text = answer.slice(offset, offset + 7);
    gateway.push({ delta: { turnId, offset, text } });
    offset += text.length;
    if (offset < answer.length) return;
    clearInterval(timer);
    isWriting = false;
    gateway.store({ id: turnId, role: 'COACH', text: answer, turnId });
    gateway.push({ turn: { turnId, state: 'COMPLETED' } });
  }, 20);
}

await converse({ rapport, url: 'http://gateway.test', input: process.stdin, output: process.stdout });
clearInterval(watch);
await rapport.close();
process.exit();
