import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { PseudoTerminal } from '../testing/pseudo-terminal.ts';

let terminal: PseudoTerminal;

afterEach(() => terminal.kill());

/** Opens the chat; what it returns waits until the screen shows something. */
function chat(): (what: RegExp) => Promise<string> {
  const script = join(import.meta.dirname, '..', 'testing', 'scripted-chat.ts');
  terminal = new PseudoTerminal([process.execPath, '--disable-warning=ExperimentalWarning', script]);
  return (what) => terminal.shows(what);
}

/** The answer of scripted-chat.ts as one line: rows are broken anywhere. */
const answer = /coach>(one|two|睡眠|four|👩‍🚀|six|␛\]0;owned␇␛\[2J␛\[H.31m|eight|nine|ten){30}/;
const joined = (text: string) => text.replace(/\s/g, '');

test('a person sees a prompt, what they type, and answers that stay as they were written', async () => {
  const shows = chat();
  await shows(/coach> Hello\n +e\.g\. How do I start\?\nyou>/);
  terminal.type('How do I');
  await shows(/you> How do I$/);
  terminal.type(' begin?\r');
  await shows(/you> How do I begin\?\ncoach> one two/);
  const first = await shows(/ten\nyou>$/);
  terminal.type('And then?\r');
  await shows(/you> And then\?\ncoach> one/);
  const both = await shows(/And then\?[\s\S]*ten\nyou>$/);
  expect(both.startsWith(first)).toBe(true);
  expect(
    joined(both)
      .split('Andthen?')
      .map((half) => answer.test(half)),
  ).toEqual([true, true]);
});

test('what is typed while an answer is written is seen after it, and disturbs nothing', async () => {
  const shows = chat();
  await shows(/you>$/);
  terminal.type('first\r');
  await shows(/coach> one/);
  const long = 'a second question that is far too long to fit into one row of this terminal';
  terminal.type(long);
  const text = await shows(/terminal$/);
  expect(joined(text)).toMatch(answer);
  expect(joined(text).endsWith(`you>${joined(long)}`)).toBe(true);
  terminal.type('\r');
  await shows(/terminal\ncoach> one/);
  terminal.type('typed blind\r');
  expect(joined(await shows(/ten\nyou> typed blind\ncoach> one[\s\S]*ten\nyou>$/))).toMatch(answer);
});

test('no control character of an answer reaches the terminal', async () => {
  const shows = chat();
  await shows(/you>$/);
  terminal.type('attack\r');
  await shows(/ten\nyou>$/);
  for (const control of ['\u001b]', '\u0007', '\u001b[2J', '\u001b[H', '\u009b']) {
    expect(terminal.written).not.toContain(control);
  }
});

test('Ctrl-C stops an answer, and at rest it ends the chat; so does /quit', async () => {
  for (const leave of ['\u0003', '/quit\r', '\u0004']) {
    await chat()(/you>$/);
    terminal.type('go\r');
    await terminal.shows(/coach> one/);
    terminal.type('\u0003');
    await terminal.shows(/ten\nyou>$/); // This coach does not listen to a stop; the chat goes on.
    terminal.type(leave);
    await terminal.ended();
    expect(terminal.written.endsWith('\n')).toBe(true);
  }
});
