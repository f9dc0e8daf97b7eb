import { textOn } from './accent.ts';
import { h } from './dom.ts';
import { css } from './style.ts';

/**
 * Events that stay in the panel. A page that hears them swallows letters for its shortcuts, pulls the focus
 * into its dialogs, scrolls in the panel's place or forbids copying.
 */
const ownEvents = [
  ...['keydown', 'keyup', 'keypress', 'beforeinput', 'input', 'focusin', 'focusout'],
  ...['wheel', 'touchstart', 'touchmove', 'copy', 'cut', 'paste', 'selectstart', 'contextmenu'],
];

/** A page that takes the element out again and again means it. */
const putBackMax = 20;

/** The one element that the widget has in a page, and the wall around what is in it. */
export class Host {
  /** Everything visible lies in here, and the events that stay in the panel end here. */
  readonly root = h('div', { class: 'root', lang: 'en' });
  readonly #element = document.createElement('rapport-chat');
  readonly #observer = new MutationObserver(() => this.#putBackSoon());
  #putBacks = 0;
  #isGone = false;
  #isDue = false;

  constructor(accent: string | undefined) {
    const shadow = this.#element.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet]; // A site's content policy may forbid style elements.
    shadow.append(this.root);
    for (const name of ownEvents) {
      this.root.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
    }
    // The top layer lies above every z-index, and no transform or filter of the page moves what is in it.
    this.#element.setAttribute('popover', 'manual');
    this.#element.setAttribute('data-turbo-temporary', '');
    this.paint(accent);
  }

  /** The site's colour, and a text colour that can be read on it. */
  paint(accent: string | undefined): void {
    const text = accent === undefined ? undefined : textOn(accent);
    if (accent === undefined || text === undefined) return;
    this.root.style.setProperty('--accent', accent);
    this.root.style.setProperty('--on-accent', text);
  }

  /** Puts the element into the page, and back when the page swaps its body or empties it. */
  show(): void {
    document.body.append(this.#element);
    if (typeof this.#element.showPopover === 'function') this.#element.showPopover();
    this.#observer.disconnect();
    for (const parent of [document, document.documentElement, document.body]) {
      this.#observer.observe(parent, { childList: true });
    }
  }

  remove(): void {
    this.#isGone = true;
    this.#observer.disconnect();
    this.#element.remove();
  }

  /** Not at once: two scripts that answer each other's changes would never let the page go on. */
  #putBackSoon(): void {
    if (this.#isDue || this.#element.isConnected) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      if (this.#isGone || this.#element.isConnected || this.#putBacks >= putBackMax) return;
      this.#putBacks += 1;
      setTimeout(() => {
        this.#putBacks -= 1;
      }, 10_000);
      if (document.body) this.show();
    });
  }
}
