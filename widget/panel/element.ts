import { createRapport } from '../sdk/client.ts';
import type { Rapport, RapportState } from '../sdk/rapport.ts';
import type { Storage } from '../sdk/storage.ts';
import { browserStorage } from '../sdk/storage-browser.ts';
import { button, h, icon } from './dom.ts';
import { Panel } from './panel.ts';
import { css } from './style.ts';

/** What the script tag says: `<script src="https://host/widget.js" data-creator="demo" async></script>`. */
interface Tag {
  /** The gateway: where the script came from. */
  readonly url: string;
  readonly creatorId: string;
  /** Any CSS colour that white can be read on. */
  readonly accent: string | undefined;
}

/** The panel of a tab that is reloaded opens again. */
const openKey = 'rapport-open';

/**
 * A launcher and its panel on somebody's site. It connects once opened, or when there is a conversation
 * already.
 */
class Widget {
  readonly #tag: Tag;
  readonly #storage: Promise<Storage>;
  readonly #host = document.createElement('rapport-chat');
  readonly #badge = h('span', { class: 'badge', hidden: '' });
  readonly #launcher: HTMLButtonElement;
  readonly #panel: Panel;
  #rapport: Rapport | undefined;
  #open = false;
  #drawing = false;

  constructor(tag: Tag) {
    this.#tag = tag;
    this.#storage = browserStorage(`${tag.url} ${tag.creatorId}`);
    this.#launcher = button(
      { class: 'launcher', 'aria-label': 'Open chat', 'aria-expanded': 'false' },
      () => this.#show(!this.#open),
      icon('talk'),
      this.#badge,
    );
    const rapport = () => this.#connect();
    this.#panel = new Panel({
      base: tag.url,
      say: (text, choiceId) => void this.#say(text, choiceId),
      stop: () => rapport().stop(),
      typing: (on) => rapport().typing(on),
      read: (seq) => rapport().read(seq),
      page: () => rapport().page(),
      retry: () => rapport().retry(),
      dismiss: (id) => rapport().dismiss(id),
      close: () => this.#show(false),
    });
  }

  async start(): Promise<void> {
    const root = this.#host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet]; // A site's content policy may forbid style elements.
    root.append(this.#panel.element, this.#launcher);
    if (this.#tag.accent) this.#host.style.setProperty('--accent', this.#tag.accent);
    document.body.append(this.#host);
    document.addEventListener('visibilitychange', () => this.#panel.markRead());
    document.addEventListener('click', (event) => this.#onPageClick(event));
    if (sessionStorage.getItem(openKey) === this.#tag.creatorId) this.#show(true);
    else if ((await (await this.#storage).visitorTokens.kept()) !== undefined) this.#connect();
  }

  #connect(): Rapport {
    if (this.#rapport) return this.#rapport;
    const { url, creatorId } = this.#tag;
    this.#rapport = createRapport({ url, creatorId, storage: this.#storage });
    this.#rapport.subscribe(() => this.#draw());
    return this.#rapport;
  }

  /** Once per picture, however many frames come. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (!this.#rapport) return;
      const state = this.#rapport.state();
      this.#panel.render(state);
      this.#drawLauncher(state);
    });
  }

  #drawLauncher({ messages, readSeq, coach }: RapportState): void {
    const unread = messages.filter(({ seq, role }) => seq > readSeq && role !== 'USER').length;
    const open = this.#open;
    this.#badge.hidden = open || unread === 0;
    this.#badge.textContent = unread > 9 ? '9+' : String(unread);
    const waiting = unread > 0 && !open ? `, ${unread} unread` : '';
    this.#launcher.setAttribute(
      'aria-label',
      `${open ? 'Close' : 'Open'} chat with ${coach.name || 'the coach'}${waiting}`,
    );
  }

  #show(open: boolean): void {
    const { element } = this.#panel;
    this.#open = open;
    element.hidden = !open;
    this.#launcher.setAttribute('aria-expanded', String(open));
    this.#launcher.replaceChildren(icon(open ? 'close' : 'talk'), this.#badge);
    if (open) sessionStorage.setItem(openKey, this.#tag.creatorId);
    else sessionStorage.removeItem(openKey);
    element.setAttribute('aria-modal', String(matchMedia('(max-width: 480px)').matches));
    const rapport = this.#connect();
    // Another tab may have taken this one's place; whoever opens this one wants it back.
    if (open && rapport.state().connection.at === 'stopped') rapport.retry();
    this.#panel.render(rapport.state());
    this.#drawLauncher(rapport.state());
    if (open) this.#panel.focus();
    else this.#launcher.focus();
  }

  /**
   * Anything on the site with `data-rapport-open` opens the panel; its value, if any, is put into the input.
   */
  #onPageClick(event: MouseEvent): void {
    const opener = event.target instanceof Element ? event.target.closest('[data-rapport-open]') : null;
    if (!opener) return;
    event.preventDefault();
    this.#show(true);
    const text = opener.getAttribute('data-rapport-open') ?? '';
    if (text !== '') this.#panel.suggest(text);
  }

  async #say(text: string, choiceId?: string): Promise<void> {
    const kept = await this.#connect().say(text, choiceId);
    if (!kept.ok) this.#panel.refuse(text, kept.reason);
  }
}

function readTag(): Tag | undefined {
  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement)) return undefined;
  const { creator, accent } = script.dataset;
  if (creator === undefined || creator === '') {
    console.error('Cannot start the chat: the script tag of widget.js has no data-creator');
    return undefined;
  }
  return { url: new URL(script.src).origin, creatorId: creator, accent };
}

const tag = readTag();
if (tag && !document.querySelector('rapport-chat')) {
  const widget = new Widget(tag);
  const start = () => void widget.start(); // It shows its failures in the panel.
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
}
