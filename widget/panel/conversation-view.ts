import type { Choice, Message } from '../sdk/frame.ts';
import type { RapportState } from '../sdk/rapport.ts';
import type { Pending, RunningAnswer } from '../sdk/timeline.ts';
import { button, h } from './dom.ts';
import { renderMarkdown } from './markdown-view.ts';
import { markStopped, messageRow } from './message-row.ts';
import { cutMark, greetingOf, pendingMark, refusalOf } from './words.ts';

export interface ConversationActions {
  /** The gateway's address: relative addresses of sources lie below it. */
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
  /** Says that came after the answer above them was cut off. */
  readonly #later = h('div', { class: 'pending', 'aria-live': 'off' });
  readonly #offers = h('div', { class: 'offers' });
  readonly #rows = new Map<number, HTMLElement>();
  #before: Partial<RapportState> = {};

  constructor(actions: ConversationActions) {
    this.#actions = actions;
    const { element } = this;
    element.append(this.#greeting, this.#stored, this.#pending, this.#running, this.#later, this.#offers);
  }

  render(state: RapportState): void {
    const before = this.#before;
    this.#before = state;
    const changed = (...keys: readonly (keyof RapportState)[]) =>
      keys.some((key) => before[key] !== state[key]);
    if (changed('messages')) this.#renderStored(state.messages);
    if (changed('messages', 'stoppedTurns')) this.#markStopped(state);
    if (changed('coach', 'older')) this.#renderGreeting(state);
    if (changed('pending', 'connection', 'answer', 'keeping')) this.#renderPending(state);
    if (changed('answer', 'typing')) this.#renderRunning(state);
    if (changed('messages', 'pending', 'answer', 'coach', 'connection')) this.#renderOffers(state, before);
  }

  #renderStored(messages: readonly Message[]): void {
    const wanted = new Set(messages.map(({ seq }) => seq));
    for (const [seq, row] of this.#rows) {
      if (wanted.has(seq)) continue;
      row.remove();
      this.#rows.delete(seq);
    }
    let next: Element | null = this.#stored.firstElementChild;
    for (const [at, message] of messages.entries()) {
      const shown = this.#rows.get(message.seq);
      if (shown) {
        next = shown.nextElementSibling;
        continue;
      }
      const row = messageRow(message, messages[at - 1], this.#actions.base);
      this.#rows.set(message.seq, row);
      this.#stored.insertBefore(row, next);
    }
  }

  #markStopped({ messages, stoppedTurns }: RapportState): void {
    if (stoppedTurns.length === 0) return;
    for (const { seq, role, turnId } of messages) {
      const row = role === 'COACH' && stoppedTurns.includes(turnId) ? this.#rows.get(seq) : undefined;
      if (row) markStopped(row);
    }
  }

  #renderGreeting(state: RapportState): void {
    const greeting = greetingOf(state);
    this.#greeting.hidden = greeting === '' || state.older !== 'none';
    this.#greeting.replaceChildren(
      h('div', { class: 'bubble', dir: 'auto' }, ...renderMarkdown(greeting, this.#actions.base)),
    );
  }

  /** In the order in which it was said and written: the server may be past the answer that was cut off. */
  #renderPending(state: RapportState): void {
    const { pending, answer } = state;
    const isLater = ({ afterTurnId }: Pending) => afterTurnId !== '' && afterTurnId === answer?.turnId;
    const row = (one: Pending) => this.#pendingRow(one, state);
    this.#pending.replaceChildren(...pending.filter((one) => !isLater(one)).map(row));
    this.#later.replaceChildren(...pending.filter(isLater).map(row));
  }

  #pendingRow(pending: Pending, state: RapportState): HTMLElement {
    const bubble = h('div', { class: 'bubble', dir: 'auto' }, pending.text);
    const row = h('div', { class: `row user ${pending.state}` }, bubble);
    if (pending.state === 'failed') {
      const edit = button({ class: 'link' }, () => this.#actions.edit(pending), 'Edit');
      const reason = `Not sent. ${refusalOf(pending.code, state)} `;
      row.append(h('div', { class: 'mark failed', role: 'alert' }, reason, edit));
    } else if (pending.state !== 'stored') {
      row.append(h('div', { class: 'mark late' }, pendingMark(state)));
    }
    return row;
  }

  #renderRunning({ answer, typing }: RapportState): void {
    const isWriting = answer?.at === 'writing' || typing === 'OPERATOR' || typing === 'COACH';
    if (answer && answer.text !== '') this.#running.replaceChildren(this.#answer(answer));
    else if (isWriting) this.#running.replaceChildren(dots());
    else this.#running.replaceChildren();
  }

  #answer({ text, at }: RunningAnswer): HTMLElement {
    const bubble = h('div', { class: 'bubble', dir: 'auto' }, ...renderMarkdown(text, this.#actions.base));
    const row = h('div', { class: `row coach ${at}`, 'aria-busy': String(at === 'writing') }, bubble);
    if (at === 'cut') row.append(h('div', { class: 'mark' }, cutMark));
    return row;
  }

  /** Suggestions while there is nothing, else the choices of the last message. */
  #renderOffers(
    { messages, pending, answer, coach, connection }: RapportState,
    before: Partial<RapportState>,
  ): void {
    const isSame =
      before.messages === messages &&
      before.pending === pending &&
      before.answer === answer &&
      before.coach === coach &&
      before.connection?.at === connection.at;
    if (isSame) return;
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
    return button({ class: kind, dir: 'auto' }, () => this.#actions.say(text, id), text);
  }
}

function dots(): HTMLElement {
  const bubble = h('div', { class: 'bubble dots' }, h('i'), h('i'), h('i'));
  return h('div', { class: 'row coach', 'aria-hidden': 'true' }, bubble);
}
