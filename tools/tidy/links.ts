import { dirname, posix } from 'node:path';
import type { Finding, SourceFile } from './source-file.ts';

/** Every relative link of the documents leads to a file, and its `#part` to a heading there. */
export function checkLinks(
  files: readonly SourceFile[],
  exists: (path: string) => boolean,
): readonly Finding[] {
  const documents = files.filter(({ path }) => path.endsWith('.md') && !path.startsWith('demo/knowledge/'));
  const byPath = new Map(documents.map((file) => [file.path, file]));
  return documents.flatMap((file) =>
    linksOf(file.text).flatMap((link) => {
      const [target = '', part = ''] = link.split('#');
      const path = target === '' ? file.path : posix.join(dirname(file.path), target).replace(/\/$/, '');
      if (!exists(path)) return [`${file.path} links to ${link}: there is no ${path}`];
      const there = byPath.get(path);
      if (part === '' || there === undefined || anchorsOf(there.text).has(part)) return [];
      return [`${file.path} links to ${link}: ${path} has no such heading`];
    }),
  );
}

function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const found = [
    ...prose.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g),
    ...prose.matchAll(/\b(?:src|href)="([^"]+)"/g),
  ];
  return found.map(([, link = '']) => link).filter((link) => !/^([a-z]+:|\/\/)/.test(link));
}

/** The `#part` of each heading, made as GitHub makes it. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ +(.*)$/gm);
  return new Set([...headings].map(([, heading = '']) => anchorOf(heading)));
}

function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
