import { button, h, icon } from './dom.ts';
import { lengthHint } from './words.ts';

export interface ComposerActions {
  readonly send: (text: string) => void;
  readonly stop: () => void;
  readonly typing: (on: boolean) => void;
  /** The text changed: it is kept through a reload. */
  readonly draft: (text: string) => void;
}

/** Where the person writes. */
export class Composer {
  readonly element: HTMLElement;
  readonly #actions: ComposerActions;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #hint = h('p', { class: 'hint', role: 'status' });
  readonly #refusal = h('p', { class: 'refusal', role: 'alert', hidden: '' });
  #isAnswering = false;
  #charsMax = Number.POSITIVE_INFINITY;

  constructor(actions: ComposerActions, draft: string) {
    this.#actions = actions;
    this.#input = h('textarea', {
      ...{ rows: '1', dir: 'auto', placeholder: 'Write a message', 'aria-label': 'Message' },
      ...{ autocomplete: 'off', enterkeyhint: 'send' },
    });
    this.#input.value = draft;
    this.#send = button({ class: 'send', 'aria-label': 'Send' }, () => this.#submit(), icon('send'));
    this.#stop = button(
      { class: 'stop', 'aria-label': 'Stop the answer', hidden: '' },
      actions.stop,
      icon('stop'),
    );
    const form = h('form', { class: 'composer' }, this.#input, this.#stop, this.#send);
    form.addEventListener('submit', (event) => event.preventDefault());
    this.element = h('div', { class: 'writing' }, this.#refusal, form, this.#hint);
    this.#listen();
    this.#changed();
  }

  focus(): void {
    this.#input.focus();
  }

  render(state: {
    readonly isAnswering: boolean;
    readonly charsMax: number;
    readonly isUsable: boolean;
  }): void {
    this.#isAnswering = state.isAnswering;
    this.#charsMax = state.charsMax;
    this.element.hidden = !state.isUsable;
    this.#renderButtons();
  }

  /** Puts a text where the person can change and send it. */
  suggest(text: string): void {
    this.#input.value = text;
    this.#changed();
    this.#input.focus();
  }

  /** A message that could not be taken comes back, with why. */
  refuse(text: string, reason: string): void {
    if (this.#input.value === '') this.suggest(text);
    this.#refusal.textContent = reason;
    this.#refusal.hidden = false;
  }

  /** The text area is as high as its text. Only while it is visible: hidden, it has no height. */
  fit(): void {
    this.#input.style.height = 'auto';
    if (this.#input.scrollHeight > 0) this.#input.style.height = `${this.#input.scrollHeight}px`;
  }

  #listen(): void {
    this.#input.addEventListener('keydown', (event) => {
      // WebKit ends an IME's conversion before this Enter, which it marks by key code 229 alone.
      const isConverting = event.isComposing || event.keyCode === 229;
      if (event.key !== 'Enter' || event.shiftKey || isConverting) return;
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener('input', () => {
      this.#refusal.hidden = true;
      this.#actions.typing(this.#input.value !== '');
      this.#changed();
    });
  }

  #submit(): void {
    const text = this.#input.value;
    if (text.trim() === '' || text.length > this.#charsMax) return;
    this.#input.value = '';
    this.#changed();
    this.#actions.send(text);
  }

  #changed(): void {
    this.#actions.draft(this.#input.value);
    this.fit();
    this.#renderButtons();
  }

  #renderButtons(): void {
    const { length } = this.#input.value;
    const isEmpty = this.#input.value.trim() === '';
    this.#stop.hidden = !(this.#isAnswering && isEmpty);
    this.#send.hidden = !this.#stop.hidden;
    this.#send.disabled = isEmpty || length > this.#charsMax;
    const hint = lengthHint(length, this.#charsMax);
    if (this.#hint.textContent !== hint) this.#hint.textContent = hint;
    this.#hint.hidden = hint === '';
    this.#hint.classList.toggle('over', length > this.#charsMax);
  }
}
