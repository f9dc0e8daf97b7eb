import { expect, test } from 'vitest';
import { readDocument } from './read-document.ts';

const place = { creatorId: 'ada', documentId: 'naps', origin: 'import' };
const read = (path: string, content: string | Uint8Array) =>
  readDocument(path, typeof content === 'string' ? Buffer.from(content) : content, place);

test('front matter gives title, topic and address, quoted or not', () => {
  const content = '---\r\ntitle: "Naps: a guide"\r\ntopic: \'Sleep\'\r\nurl: /naps\r\n---\r\nNap well.\r\n';
  expect(read('rest/naps.md', content)).toEqual({
    ok: true,
    document: { ...place, title: 'Naps: a guide', topic: 'Sleep', url: '/naps', text: 'Nap well.' },
  });
});

test.each([
  ['a byte order mark before the front matter', '\ufeff---\ntitle: Naps\n---\nNap well.', 'Naps'],
  ['the first heading', 'Hello.\n\n#   Naps \n\n# Rests', 'Naps'],
  ['a heading, not a comment in code', '```sh\n# install\n```\n~~~\n# not\n```\n~~~\n# Naps', 'Naps'],
  ['an underlined heading', 'Naps\n====\n\n# Rests', 'Naps'],
  ['a heading with markup', '# **Naps** & [`rests`](/x) ![a picture](y)', 'Naps & rests a picture'],
  ['the name of the file', 'Nap well.', 'Long naps'],
  ['the name where a heading is empty', '# \nNap well.', 'Long naps'],
  ['a long heading, cut', `# ${'n'.repeat(199)}😴`, 'n'.repeat(199)],
])('the title comes from %s', (_, content, title) => {
  expect(read('rest-and_sleep/long-naps.md', content)).toMatchObject({
    ok: true,
    document: { title, topic: 'Rest and sleep' },
  });
});

test.each([
  ['empty.md', ' \n\n', 'it is empty'],
  ['only-head.md', '---\ntitle: Naps\n---\n', 'it is empty'],
  ['long.md', 'n'.repeat(262_145), 'it has 262,145 characters, 262,144 at most'],
  ['wide.md', '\u0001'.repeat(200_000), 'it has 1,200,102 bytes as JSON, 1,000,000 at most'],
  ['title.md', `---\ntitle: ${'n'.repeat(201)}\n---\nNap.`, 'title'],
  ['latin.md', Buffer.from('Über', 'latin1'), 'save it as UTF-8'],
] as const)('%s is refused with the reason', (path, content, why) => {
  const refused = read(path, content);
  expect(refused).toEqual({ ok: false, why: expect.stringContaining(why) });
});

test('what a document says cannot make reading it slow', () => {
  const spaces = ' '.repeat(250_000);
  const hostile = [
    `# ${spaces}\u2028 note`,
    `# a${' #'.repeat(120_000)}x`,
    `---\na:${spaces}x\u2028y\n---\nz`,
    '# '.repeat(120_000),
  ];
  for (const content of hostile) {
    const startedMs = performance.now();
    read('hostile.md', content);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  }
});
