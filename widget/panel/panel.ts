import type { RapportState } from '../sdk/rapport.ts';
import type { Connection } from '../sdk/socket.ts';
import { Composer } from './composer.ts';
import { type ConversationActions, ConversationView } from './conversation-view.ts';
import { button, h, icon } from './dom.ts';
import { isPhone } from './phone.ts';
import { bannerOf, forgetfulNotice, isUnusable, noteOf, refusalOf, statusOf } from './words.ts';

export interface PanelActions extends Omit<ConversationActions, 'edit'> {
  readonly stop: () => void;
  readonly typing: (on: boolean) => void;
  readonly read: (seq: number) => void;
  readonly page: () => void;
  readonly retry: () => void;
  readonly dismiss: (id: string) => void;
  readonly close: () => void;
  readonly draft: (text: string) => void;
}

/** This close to an end of the list counts as being there, in CSS pixels. */
const nearPx = 96;

/** The conversation's window: title, messages, and where the person writes. */
export class Panel {
  readonly element: HTMLElement;
  readonly #actions: PanelActions;
  readonly #name = h('h2', { id: 'name', dir: 'auto' }, 'Coach');
  readonly #initial = h('span', { class: 'avatar', 'aria-hidden': 'true' }, '');
  readonly #status = h('p', { class: 'status', role: 'status' });
  readonly #note = h('p', { class: 'note' });
  readonly #banner = h('div', { class: 'banner', role: 'status', hidden: '' });
  readonly #forgetful: HTMLElement;
  readonly #conversation: ConversationView;
  readonly #composer: Composer;
  readonly #scroller: HTMLElement;
  readonly #toBottom: HTMLButtonElement;
  #state: RapportState | undefined;
  /** The connection as it was lost, until it is open again. */
  #lost: Connection | undefined;
  #atBottom = true;
  #isToldOfForgetting = false;

  constructor(actions: PanelActions, draft: string) {
    this.#actions = actions;
    this.#conversation = new ConversationView({
      ...actions,
      say: (text, choiceId) => this.#say(text, choiceId),
      edit: ({ id, text }) => {
        actions.dismiss(id);
        this.suggest(text);
      },
    });
    this.#composer = new Composer({ ...actions, send: (text) => this.#say(text) }, draft);
    const log = { role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages' };
    // The conversation may be in any language; only the words around it are English.
    this.#scroller = h('div', { class: 'scroller', tabindex: '0', lang: '', ...log });
    this.#scroller.append(this.#conversation.element);
    this.#toBottom = button(
      { class: 'to-bottom', 'aria-label': 'To the newest message', hidden: '' },
      () => this.#scrollToBottom(),
      icon('down'),
    );
    const understood = button({ class: 'link' }, () => this.#forget(), 'OK');
    const forgetful = { class: 'forgetful', role: 'status', hidden: '' };
    this.#forgetful = h('div', forgetful, h('span', {}, forgetfulNotice), understood);
    this.element = this.#assemble();
    this.#listen();
  }

  focus(): void {
    this.#composer.fit();
    // A keyboard that jumps up over half a phone's screen is not what opening asked for.
    if (matchMedia('(pointer: coarse)').matches) this.#scroller.focus();
    else this.#composer.focus();
  }

  render(state: RapportState): void {
    const prepended = this.#state !== undefined && state.messages[0]?.seq !== this.#state.messages[0]?.seq;
    this.#state = state;
    const { scrollHeight, scrollTop } = this.#scroller;
    const steady = this.#steady(state);
    this.#conversation.render(steady);
    this.#followBottom();
    if (prepended && !this.#atBottom) {
      this.#scroller.scrollTop = scrollTop + this.#scroller.scrollHeight - scrollHeight;
    }
    // A history that is loaded is not news.
    this.#scroller.setAttribute('aria-busy', String(state.connection.at !== 'open'));
    const name = state.coach.name || 'Coach';
    setText(this.#name, name);
    setText(this.#initial, initialOf(name));
    setText(this.#status, statusOf(state));
    setText(this.#note, noteOf(state));
    this.#renderBanner(steady);
    this.#forgetful.hidden = state.keeping === 'device' || this.#isToldOfForgetting;
    this.#composer.render({
      isAnswering: state.answer?.at === 'writing',
      charsMax: state.textCharsMax,
      isUsable: !isUnusable(state.connection),
    });
    this.markRead();
  }

  /** Puts a text where the person can change and send it. */
  suggest(text: string): void {
    this.#composer.suggest(text);
  }

  /** A message that this device could not take: back into the input, with why. */
  refuse(text: string, code: string): void {
    if (this.#state) this.#composer.refuse(text, refusalOf(code, this.#state));
  }

  /** A person who sees the newest message has read everything. */
  markRead(): void {
    const seen = this.#atBottom && document.visibilityState === 'visible' && this.element.isConnected;
    if (seen && !this.element.hidden && this.#state) this.#actions.read(this.#state.topSeq);
  }

  #assemble(): HTMLElement {
    const close = button({ class: 'close', 'aria-label': 'Close' }, this.#actions.close, icon('close'));
    const titles = h('div', { class: 'titles' }, this.#name, this.#status);
    return h(
      'div',
      { class: 'panel', role: 'dialog', 'aria-labelledby': 'name', hidden: '' },
      h('div', { class: 'head' }, this.#initial, titles, close),
      this.#banner,
      this.#forgetful,
      h('div', { class: 'middle' }, this.#scroller, this.#toBottom),
      this.#composer.element,
      this.#note,
    );
  }

  #listen(): void {
    this.#scroller.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    // A passage that is opened at the lower end would open out of sight. The event does not bubble.
    this.#scroller.addEventListener('toggle', ({ target }) => this.#showWhole(target), { capture: true });
    // A keyboard, a long draft or a notice below takes from its height.
    new ResizeObserver(() => this.#followBottom()).observe(this.#scroller);
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.#actions.close();
      if (event.key === 'Tab') this.#keepFocus(event);
    });
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < nearPx;
    this.#toBottom.hidden = this.#atBottom;
    if (scrollTop < nearPx && this.#state?.older === 'more') this.#actions.page();
    this.markRead();
  }

  /** Full-screen on a phone, the page behind can not be seen, so focus must not get lost in it. */
  #keepFocus(event: KeyboardEvent): void {
    if (!isPhone()) return;
    const all = this.element.querySelectorAll<HTMLElement>('button, a, summary, textarea, [tabindex="0"]');
    const stops = [...all].filter((one) => one.offsetParent !== null);
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    const root = this.element.getRootNode();
    if (!(root instanceof ShadowRoot) || root.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  #say(text: string, choiceId?: string): void {
    this.#actions.say(text, choiceId);
    this.#actions.typing(false);
    this.#scrollToBottom();
    if (!matchMedia('(pointer: coarse)').matches) this.#composer.focus();
  }

  #scrollToBottom(): void {
    this.#atBottom = true;
    this.#toBottom.hidden = true;
    this.#followBottom();
  }

  #followBottom(): void {
    if (this.#atBottom) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #showWhole(opened: EventTarget | null): void {
    if (!(opened instanceof HTMLDetailsElement) || !opened.open) return;
    const hiddenPx = opened.getBoundingClientRect().bottom - this.#scroller.getBoundingClientRect().bottom;
    if (hiddenPx > -nearPx / 4) this.#scroller.scrollTop += hiddenPx + nearPx / 4;
  }

  #forget(): void {
    this.#isToldOfForgetting = true;
    this.#forgetful.hidden = true;
    this.#composer.focus();
  }

  /** Each try to connect would otherwise take the notice away for a moment. */
  #steady(state: RapportState): RapportState {
    const { at } = state.connection;
    if (at === 'waiting' || at === 'stopped') this.#lost = state.connection;
    else if (at === 'open') this.#lost = undefined;
    return this.#lost === undefined ? state : { ...state, connection: this.#lost };
  }

  #renderBanner(state: RapportState): void {
    const lines = bannerOf(state);
    this.#banner.hidden = lines === undefined;
    if (!lines || this.#banner.firstChild?.textContent === lines.text) return;
    this.#banner.replaceChildren(h('span', {}, lines.text));
    if (lines.action) this.#banner.append(button({ class: 'link' }, this.#actions.retry, lines.action));
  }
}

/** A text that is there already is not written again, because it would be announced again. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The first character as a person sees it: an emoji has several units, and none may stand alone. */
function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return (first?.segment ?? '').toUpperCase();
}
