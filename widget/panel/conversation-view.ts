import type { Choice, Message } from '../sdk/frame.ts';
import type { RapportState } from '../sdk/rapport.ts';
import type { Pending, RunningAnswer } from '../sdk/timeline.ts';
import { button, h, safeHref } from './dom.ts';
import { link, renderMarkdown } from './markdown-view.ts';

export interface ConversationActions {
  /** Relative addresses of sources are the gateway's. */
  readonly base: string;
  readonly say: (text: string, choiceId?: string) => void;
  /** The person wants to change a message that could not be sent. */
  readonly edit: (pending: Pending) => void;
}

/**
 * The list of messages as elements. A message that is shown is never made again: only what is new is added,
 * so that screen readers hear each message once and selections stay.
 */
export class ConversationView {
  readonly element = h('div', { class: 'messages' });
  readonly #actions: ConversationActions;
  readonly #greeting = h('div', { class: 'greeting', hidden: '' });
  readonly #stored = h('div', { class: 'stored' });
  /** Not announced while it grows, nor while it waits: the stored message is. */
  readonly #running = h('div', { class: 'running', 'aria-live': 'off' });
  readonly #pending = h('div', { class: 'pending', 'aria-live': 'off' });
  readonly #offers = h('div', { class: 'offers' });
  readonly #elements = new Map<number, HTMLElement>();
  #before: Partial<RapportState> = {};

  constructor(actions: ConversationActions) {
    this.#actions = actions;
    this.element.append(this.#greeting, this.#stored, this.#pending, this.#running, this.#offers);
  }

  render(state: RapportState): void {
    const before = this.#before;
    this.#before = state;
    if (before.messages !== state.messages) this.#renderStored(state.messages);
    if (before.coach !== state.coach || before.older !== state.older) this.#renderGreeting(state);
    if (before.pending !== state.pending || before.connection !== state.connection)
      this.#renderPending(state);
    if (before.answer !== state.answer || before.typing !== state.typing) this.#renderRunning(state);
    this.#renderOffers(state, before);
  }

  #renderStored(messages: readonly Message[]): void {
    const wanted = new Set(messages.map(({ seq }) => seq));
    for (const [seq, element] of this.#elements) {
      if (wanted.has(seq)) continue;
      element.remove();
      this.#elements.delete(seq);
    }
    let next: Element | null = this.#stored.firstElementChild;
    for (const [at, message] of messages.entries()) {
      const shown = this.#elements.get(message.seq);
      if (shown) {
        next = shown.nextElementSibling;
        continue;
      }
      const element = this.#row(message, messages[at - 1]);
      this.#elements.set(message.seq, element);
      this.#stored.insertBefore(element, next);
    }
  }

  #row(message: Message, before: Message | undefined): HTMLElement {
    const row = h('div', { class: `row ${message.role.toLowerCase()}` });
    const today = dayOf(message.atMs) === dayOf(Date.now());
    const sameDay = before ? dayOf(message.atMs) === dayOf(before.atMs) : today;
    if (message.atMs > 0 && !sameDay) {
      row.append(h('div', { class: 'day' }, dayName(message.atMs)));
    }
    if (message.role === 'SYSTEM') {
      row.append(h('div', { class: 'notice' }, message.text));
      return row;
    }
    if (message.role === 'OPERATOR' && before?.role !== 'OPERATOR') {
      row.append(h('div', { class: 'by' }, 'A person of the team'));
    }
    row.append(h('span', { class: 'unseen' }, message.role === 'USER' ? 'You: ' : 'Coach: '));
    row.append(this.#bubble(message));
    if (message.sources.length > 0) row.append(this.#sources(message));
    return row;
  }

  #bubble({ role, text, atMs }: Message): HTMLElement {
    const attributes = { class: 'bubble', title: atMs > 0 ? new Date(atMs).toLocaleString() : '' };
    if (role === 'USER') return h('div', attributes, text);
    return h('div', attributes, ...renderMarkdown(text, this.#actions.base));
  }

  #sources({ sources }: Message): HTMLElement {
    const list = h('ul', { class: 'sources', 'aria-label': 'Sources' });
    for (const { title, url, quote, documentId } of sources) {
      const href = url === '' ? undefined : safeHref(url, this.#actions.base);
      list.append(h('li', {}, link(title || documentId, href, quote)));
    }
    return list;
  }

  #renderGreeting({ coach, older }: RapportState): void {
    this.#greeting.hidden = coach.greeting === '' || older !== 'none';
    this.#greeting.replaceChildren(
      h('div', { class: 'bubble' }, ...renderMarkdown(coach.greeting, this.#actions.base)),
    );
  }

  #renderPending({ pending, connection }: RapportState): void {
    this.#pending.replaceChildren(
      ...pending.map((one) => {
        const row = h('div', { class: `row user ${one.state}` }, h('div', { class: 'bubble' }, one.text));
        row.append(...this.#mark(one, connection.at === 'open'));
        return row;
      }),
    );
  }

  #mark(pending: Pending, online: boolean): readonly Node[] {
    if (pending.state === 'stored') return [];
    if (pending.state !== 'failed') {
      return [
        h('div', { class: 'mark late' }, online ? 'Sending…' : 'Kept. It will be sent when you are back.'),
      ];
    }
    const edit = button({ class: 'link' }, () => this.#actions.edit(pending), 'Edit');
    return [h('div', { class: 'mark failed', role: 'alert' }, `Not sent. ${pending.reason} `, edit)];
  }

  #renderRunning({ answer, typing }: RapportState): void {
    const writing = answer?.at === 'writing' || typing === 'OPERATOR' || typing === 'COACH';
    if (answer && answer.text !== '') this.#running.replaceChildren(this.#answer(answer));
    else if (writing) this.#running.replaceChildren(dots());
    else this.#running.replaceChildren();
  }

  #answer(answer: RunningAnswer): HTMLElement {
    const bubble = h('div', { class: 'bubble' }, ...renderMarkdown(answer.text, this.#actions.base));
    return h('div', { class: `row coach ${answer.at}`, 'aria-busy': 'true' }, bubble);
  }

  /** Suggestions while there is nothing, else the choices of the last message. */
  #renderOffers(state: RapportState, before: Partial<RapportState>): void {
    const { messages, pending, answer, coach, connection } = state;
    const same =
      before.messages === messages &&
      before.pending === pending &&
      before.answer === answer &&
      before.coach === coach &&
      before.connection?.at === connection.at;
    if (same) return;
    const last = messages.at(-1);
    const quiet = pending.length === 0 && answer === undefined;
    const choices = quiet && last ? last.choices : [];
    const suggestions = quiet && !last && connection.at === 'open' ? coach.suggestions : [];
    this.#offers.classList.toggle('centred', last?.role === 'SYSTEM');
    this.#offers.replaceChildren(
      ...choices.map((choice) => this.#offer(choice, 'choice')),
      ...suggestions.map((text) => this.#offer({ id: '', text }, 'suggestion')),
    );
  }

  #offer({ id, text }: Choice, kind: string): HTMLElement {
    return button({ class: kind }, () => this.#actions.say(text, id), text);
  }
}

function dots(): HTMLElement {
  const bubble = h('div', { class: 'bubble dots' }, h('i'), h('i'), h('i'));
  return h('div', { class: 'row coach', 'aria-hidden': 'true' }, bubble);
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
