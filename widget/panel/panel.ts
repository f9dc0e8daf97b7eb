import type { RapportState } from '../sdk/rapport.ts';
import type { Connection } from '../sdk/socket.ts';
import { type ConversationActions, ConversationView } from './conversation-view.ts';
import { button, h, icon } from './dom.ts';

export interface PanelActions extends Omit<ConversationActions, 'edit'> {
  readonly stop: () => void;
  readonly typing: (on: boolean) => void;
  readonly read: (seq: number) => void;
  readonly page: () => void;
  readonly retry: () => void;
  readonly dismiss: (id: string) => void;
  readonly close: () => void;
}

/** This close to an end of the list counts as being there, in CSS pixels. */
const nearPx = 96;

/** The conversation's window: header, messages, and where the person writes. */
export class Panel {
  readonly element: HTMLElement;
  readonly #actions: PanelActions;
  readonly #name = h('h2', { id: 'name' }, 'Coach');
  readonly #initial = h('span', { class: 'avatar', 'aria-hidden': 'true' }, '');
  readonly #status = h('p', { class: 'status', role: 'status' });
  readonly #note = h('p', { class: 'note' });
  readonly #banner = h('div', { class: 'banner', role: 'status', hidden: '' });
  readonly #refusal = h('p', { class: 'refusal', role: 'alert', hidden: '' });
  readonly #conversation: ConversationView;
  readonly #log: HTMLElement;
  readonly #toBottom: HTMLButtonElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  #state: RapportState | undefined;
  #atBottom = true;

  constructor(actions: PanelActions) {
    this.#actions = actions;
    this.#conversation = new ConversationView({
      ...actions,
      say: (text, choiceId) => this.#say(text, choiceId),
      edit: ({ id, text }) => {
        actions.dismiss(id);
        this.suggest(text);
      },
    });
    this.#log = h('div', {
      class: 'log',
      role: 'log',
      'aria-live': 'polite',
      tabindex: '0',
      'aria-label': 'Messages',
    });
    this.#log.append(this.#conversation.element);
    this.#toBottom = button(
      { class: 'to-bottom', 'aria-label': 'To the newest message', hidden: '' },
      () => this.#scrollToBottom(),
      icon('down'),
    );
    this.#input = h('textarea', { rows: '1', placeholder: 'Write a message', 'aria-label': 'Message' });
    this.#send = button({ class: 'send', 'aria-label': 'Send' }, () => this.#submit(), icon('send'));
    this.#stop = button(
      { class: 'stop', 'aria-label': 'Stop the answer', hidden: '' },
      actions.stop,
      icon('stop'),
    );
    this.element = this.#assemble();
    this.#listen();
  }

  focus(): void {
    // A keyboard that jumps up over half a phone's screen is not what opening asked for.
    if (matchMedia('(pointer: coarse)').matches) this.#log.focus();
    else this.#input.focus();
  }

  render(state: RapportState): void {
    const prepended = this.#state !== undefined && state.messages[0]?.seq !== this.#state.messages[0]?.seq;
    this.#state = state;
    const { scrollHeight, scrollTop } = this.#log;
    this.#conversation.render(state);
    this.#followBottom();
    if (prepended && !this.#atBottom) this.#log.scrollTop = scrollTop + this.#log.scrollHeight - scrollHeight;
    // A history that is loaded is not news.
    this.#log.setAttribute('aria-busy', String(state.connection.at !== 'open'));
    const name = state.coach.name || 'Coach';
    this.#name.textContent = name;
    this.#initial.textContent = name.slice(0, 1).toUpperCase();
    this.#status.textContent = statusOf(state);
    this.#note.textContent = noteOf(state);
    this.#renderBanner(state.connection);
    this.#renderButtons();
    this.markRead();
  }

  /** Puts a text where the person can change and send it. */
  suggest(text: string): void {
    this.#write(text);
  }

  /** A message that this device could not take: back into the input, with why. */
  refuse(text: string, reason: string): void {
    if (this.#input.value === '') this.suggest(text);
    this.#refusal.textContent = reason;
    this.#refusal.hidden = false;
  }

  /** Whoever sees the newest message has read everything. */
  markRead(): void {
    const seen = this.#atBottom && document.visibilityState === 'visible' && this.element.isConnected;
    if (seen && !this.element.hidden && this.#state) this.#actions.read(this.#state.topSeq);
  }

  #assemble(): HTMLElement {
    const close = button({ class: 'close', 'aria-label': 'Close' }, this.#actions.close, icon('close'));
    const titles = h('div', { class: 'titles' }, this.#name, this.#status);
    return h(
      'section',
      { class: 'panel', role: 'dialog', 'aria-labelledby': 'name', hidden: '' },
      h('header', {}, this.#initial, titles, close),
      this.#banner,
      h('div', { class: 'middle' }, this.#log, this.#toBottom),
      this.#refusal,
      h('form', { class: 'composer' }, this.#input, this.#stop, this.#send),
      this.#note,
    );
  }

  #listen(): void {
    this.element.querySelector('form')?.addEventListener('submit', (event) => event.preventDefault());
    this.#input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener('input', () => {
      this.#refusal.hidden = true;
      this.#actions.typing(this.#input.value !== '');
      this.#fitInput();
      this.#renderButtons();
    });
    this.#log.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    // A keyboard, a long draft or a notice below takes from its height.
    new ResizeObserver(() => this.#followBottom()).observe(this.#log);
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.#actions.close();
      if (event.key === 'Tab') this.#keepFocus(event);
    });
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < nearPx;
    this.#toBottom.hidden = this.#atBottom;
    if (scrollTop < nearPx && this.#state?.older === 'more') this.#actions.page();
    this.markRead();
  }

  /** Full-screen on a phone, the page behind can not be seen, so focus must not get lost in it. */
  #keepFocus(event: KeyboardEvent): void {
    if (!matchMedia('(max-width: 480px)').matches) return;
    const all = [...this.element.querySelectorAll<HTMLElement>('button, a, textarea, [tabindex="0"]')];
    const stops = all.filter((one) => one.offsetParent !== null);
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    const root = this.element.getRootNode();
    if (!(root instanceof ShadowRoot) || root.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  #submit(): void {
    const text = this.#input.value;
    if (text.trim() === '') return;
    this.#write('');
    this.#say(text);
  }

  #say(text: string, choiceId?: string): void {
    this.#actions.say(text, choiceId);
    this.#actions.typing(false);
    this.#scrollToBottom();
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus();
  }

  #write(text: string): void {
    this.#input.value = text;
    this.#fitInput();
    this.#renderButtons();
    if (text !== '') this.#input.focus();
  }

  #fitInput(): void {
    this.#input.style.height = 'auto';
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }

  #scrollToBottom(): void {
    this.#atBottom = true;
    this.#toBottom.hidden = true;
    this.#followBottom();
  }

  #followBottom(): void {
    if (this.#atBottom) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #renderButtons(): void {
    const empty = this.#input.value.trim() === '';
    const answering = this.#state?.answer?.at === 'writing';
    this.#stop.hidden = !(answering && empty);
    this.#send.hidden = !this.#stop.hidden;
    this.#send.disabled = empty;
  }

  #renderBanner(connection: Connection): void {
    const lines = bannerOf(connection);
    this.#banner.hidden = lines === undefined;
    if (!lines || this.#banner.firstChild?.textContent === lines.text) return;
    this.#banner.replaceChildren(h('span', {}, lines.text));
    if (lines.action) this.#banner.append(button({ class: 'link' }, this.#actions.retry, lines.action));
  }
}

function statusOf({ answer, typing, connection, coach }: RapportState): string {
  if (answer?.at === 'writing' || typing === 'COACH') return 'is writing…';
  if (typing === 'OPERATOR') return 'a person of the team is writing…';
  if (connection.at === 'connecting') return 'connecting…';
  return coach.people ? 'answered by people' : 'AI coach';
}

/** Nothing is claimed before the coach is known. */
function noteOf({ coach }: RapportState): string {
  if (coach.name === '') return '';
  return coach.people
    ? 'People read and answer what you write.'
    : 'Answers are written by AI from the coach’s own material.';
}

function bannerOf(connection: Connection): { readonly text: string; readonly action?: string } | undefined {
  switch (connection.at) {
    case 'waiting':
      if (!navigator.onLine) return { text: 'You are offline. What you write is kept and sent later.' };
      return { text: 'Connection lost. What you write is kept.', action: 'Connect now' };
    case 'stopped':
      return { text: connection.reason, action: 'Try again' };
    default:
      return undefined;
  }
}
