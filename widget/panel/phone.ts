/** Where the panel covers the whole screen; `style.ts` has the same. */
const phone = '(max-width: 480px), (max-height: 480px)';

export function isPhone(): boolean {
  return matchMedia(phone).matches;
}

const historyMark = 'rapportChat';

/** On a phone the panel is a screen of its own: the page behind stays where it is, and Back leads to it. */
export class PhoneScreen {
  readonly #root: HTMLElement;
  readonly #onBack: () => void;
  #overflow: (() => void) | undefined;

  constructor(options: {
    readonly root: HTMLElement;
    readonly onBack: () => void;
    readonly signal: AbortSignal;
  }) {
    this.#root = options.root;
    this.#onBack = options.onBack;
    const { signal } = options;
    addEventListener('popstate', () => this.#onPopState(), { signal });
    signal.addEventListener('abort', () => this.#unlock());
    // A keyboard covers a part of the page without making it smaller; what is seen is the visual viewport.
    for (const name of ['resize', 'scroll']) {
      visualViewport?.addEventListener(name, () => this.#fit(), { signal });
    }
  }

  enter(): void {
    if (this.#overflow || !isPhone()) return;
    this.#overflow = lockScroll();
    this.#fit();
    // What the site's router keeps in the entry stays there, for both entries.
    if (!isMarked()) history.pushState({ ...history.state, [historyMark]: true }, '');
  }

  leave(): void {
    if (!this.#overflow) return;
    this.#unlock();
    if (isMarked()) history.back();
  }

  #onPopState(): void {
    if (!this.#overflow || isMarked()) return;
    this.#unlock();
    this.#onBack();
  }

  #unlock(): void {
    this.#overflow?.();
    this.#overflow = undefined;
  }

  /** A person who zooms in wants a larger panel, not a smaller one. */
  #fit(): void {
    if (!visualViewport || !this.#overflow) return;
    const { scale, height, offsetTop } = visualViewport;
    const isZoomed = Math.abs(scale - 1) > 0.01;
    this.#root.style.setProperty('--seen-height', isZoomed ? '' : `${height}px`);
    this.#root.style.setProperty('--seen-top', isZoomed ? '' : `${offsetTop}px`);
  }
}

function isMarked(): boolean {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && historyMark in state;
}

/**
 * The returned function gives back what was there. A body that does not scroll by itself is left alone: the
 * margins in it would move.
 */
function lockScroll(): () => void {
  const { documentElement, body } = document;
  const doesBodyScroll = /auto|scroll/.test(getComputedStyle(body).overflowY);
  const givers = (doesBodyScroll ? [documentElement, body] : [documentElement]).map(({ style }) => {
    const [value, priority] = [style.getPropertyValue('overflow'), style.getPropertyPriority('overflow')];
    style.setProperty('overflow', 'hidden', 'important');
    return () => style.setProperty('overflow', value, priority);
  });
  return () => {
    for (const give of givers) give();
  };
}
