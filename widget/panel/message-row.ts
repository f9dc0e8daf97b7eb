import { safeAddress } from '../sdk/endpoint.ts';
import type { Message, Source } from '../sdk/frame.ts';
import { h } from './dom.ts';
import { link, renderMarkdown } from './markdown-view.ts';
import { stoppedMark } from './words.ts';

/** A stored message as an element, with what divides it from the one before. */
export function messageRow(message: Message, before: Message | undefined, base: string): HTMLElement {
  const row = h('div', { class: `row ${message.role.toLowerCase()}` });
  const today = dayOf(message.atMs) === dayOf(Date.now());
  const sameDay = before ? dayOf(message.atMs) === dayOf(before.atMs) : today;
  if (message.atMs > 0 && !sameDay) row.append(h('div', { class: 'day' }, dayName(message.atMs)));
  if (message.role === 'SYSTEM') {
    row.append(h('div', { class: 'notice', dir: 'auto' }, message.text));
    return row;
  }
  if (message.role === 'OPERATOR' && before?.role !== 'OPERATOR') {
    row.append(h('div', { class: 'by' }, 'A person of the team'));
  }
  row.append(h('span', { class: 'unseen' }, message.role === 'USER' ? 'You: ' : 'Coach: '));
  row.append(bubble(message, base));
  if (message.sources.length > 0) row.append(sourceList(message.sources, base));
  if (message.atMs > 0) row.append(timeOf(message.atMs));
  return row;
}

/** Says that the answer was stopped, once. */
export function markStopped(row: HTMLElement): void {
  if (row.querySelector('.stopped')) return;
  row.querySelector('.bubble')?.after(h('div', { class: 'mark stopped' }, stoppedMark));
}

function bubble({ role, text }: Message, base: string): HTMLElement {
  if (role === 'USER') return h('div', { class: 'bubble', dir: 'auto' }, text);
  return h('div', { class: 'bubble', dir: 'auto' }, ...renderMarkdown(text, base));
}

function timeOf(atMs: number): HTMLElement {
  const at = new Date(atMs);
  const attributes = { class: 'time', datetime: at.toISOString(), title: at.toLocaleString() };
  return h('time', attributes, at.toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' }));
}

/** The sources of an answer: each opens the passage that was used. */
function sourceList(sources: readonly Source[], base: string): HTMLElement {
  const label = h('span', { class: 'from' }, sources.length === 1 ? 'Source' : 'Sources');
  return h('div', { class: 'sources' }, label, ...sources.map((source) => sourceOf(source, base)));
}

function sourceOf({ title, url, quote, documentId }: Source, base: string): HTMLElement {
  const name = title || documentId;
  const href = url === '' ? undefined : safeAddress(url, base);
  if (quote === '') return h('div', { class: 'source' }, link(name, href));
  const passage = h('blockquote', { dir: 'auto' }, quote);
  const more = href === undefined ? [] : [link('Read the whole page', href)];
  return h('details', { class: 'source' }, h('summary', { dir: 'auto' }, name), passage, ...more);
}

function dayOf(atMs: number): string {
  return new Date(atMs).toDateString();
}

function dayName(atMs: number): string {
  const dayMs = 24 * 60 * 60 * 1_000;
  if (dayOf(atMs) === dayOf(Date.now())) return 'Today';
  if (dayOf(atMs) === dayOf(Date.now() - dayMs)) return 'Yesterday';
  return new Date(atMs).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
}
