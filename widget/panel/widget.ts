import { createRapport } from '../sdk/client.ts';
import type { Rapport, RapportState } from '../sdk/rapport.ts';
import type { Storage } from '../sdk/storage.ts';
import { browserStorage } from '../sdk/storage-browser.ts';
import { button, h, icon } from './dom.ts';
import { Host } from './host.ts';
import { Panel } from './panel.ts';
import { isPhone, PhoneScreen } from './phone.ts';
import { tabMemory } from './tab-memory.ts';
import { isUnusable, ownerSentence } from './words.ts';

/**
 * The settings in the script tag: `<script src="https://host/widget.js" data-creator="demo"
 * async></script>`.
 */
export interface Tag {
  /** The gateway: the folder that the script came from. */
  readonly url: string;
  readonly creatorId: string;
  /** Any CSS colour. */
  readonly accent: string | undefined;
}

/** The panel of a tab that is reloaded opens again. */
const openKey = 'rapport-open';
const draftKey = 'rapport-draft';

/**
 * A launcher and its panel on somebody's site. It connects once opened, or when there is a conversation
 * already.
 */
export class Widget {
  readonly #tag: Tag;
  readonly #storage: Promise<Storage>;
  readonly #host: Host;
  readonly #badge = h('span', { class: 'badge', hidden: '' });
  readonly #launcher: HTMLButtonElement;
  readonly #panel: Panel;
  readonly #phone: PhoneScreen;
  readonly #ending = new AbortController();
  #rapport: Rapport | undefined;
  #open = false;
  #drawing = false;
  #isOriginTold = false;
  /** Where the person was before the panel opened. */
  #cameFrom: HTMLElement | undefined;

  constructor(tag: Tag) {
    this.#tag = tag;
    this.#storage = browserStorage(`${tag.url} ${tag.creatorId}`);
    this.#host = new Host(tag.accent);
    this.#launcher = button(
      { class: 'launcher', 'aria-label': 'Open chat', 'aria-expanded': 'false' },
      () => (this.#open ? this.#hide() : this.#show(this.#launcher)),
      icon('talk'),
      this.#badge,
    );
    this.#panel = this.#makePanel();
    const { signal } = this.#ending;
    const onBack = () => this.#hide();
    this.#phone = new PhoneScreen({ root: this.#host.root, onBack, signal });
  }

  async start(): Promise<void> {
    const { signal } = this.#ending;
    this.#host.root.append(this.#panel.element, this.#launcher);
    this.#host.show();
    document.addEventListener('visibilitychange', () => this.#panel.markRead(), { signal });
    document.addEventListener('click', (event) => this.#onPageClick(event), { signal });
    if (tabMemory.get(openKey) === this.#tag.creatorId) this.#show(this.#launcher);
    else if ((await (await this.#storage).visitorTokens.kept()) !== undefined && !signal.aborted)
      this.#connect();
  }

  /** Leaves the page. Unsent messages stay on the device. */
  stop(): void {
    this.#ending.abort();
    this.#host.remove();
    void this.#rapport?.close(); // The rest ends with the page.
  }

  paint(accent: string | undefined): void {
    this.#host.paint(accent);
  }

  #makePanel(): Panel {
    const { url, creatorId } = this.#tag;
    const rapport = () => this.#connect();
    const draft = `${draftKey} ${creatorId}`;
    const actions = {
      base: url,
      say: (text: string, choiceId?: string) => void this.#say(text, choiceId),
      stop: () => rapport().stop(),
      typing: (on: boolean) => rapport().typing(on),
      read: (seq: number) => rapport().read(seq),
      page: () => rapport().page(),
      retry: () => rapport().retry(),
      dismiss: (id: string) => rapport().dismiss(id),
      close: () => this.#hide(),
      draft: (text: string) => tabMemory.set(draft, text),
    };
    return new Panel(actions, tabMemory.get(draft));
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
      this.#tellOwner(state);
    });
  }

  #drawLauncher({ messages, readSeq, coach }: RapportState): void {
    const unread = messages.filter(({ seq, role }) => seq > readSeq && role !== 'USER').length;
    const open = this.#open;
    this.#badge.hidden = open || unread === 0;
    this.#badge.textContent = unread > 9 ? '9+' : String(unread);
    const waiting = unread > 0 && !open ? `, ${unread} unread` : '';
    const label = `${open ? 'Close' : 'Open'} chat with ${coach.name || 'the coach'}${waiting}`;
    this.#launcher.setAttribute('aria-label', label);
  }

  /** The visitor can do nothing about it; the person who put the tag there can. */
  #tellOwner({ connection }: RapportState): void {
    if (this.#isOriginTold || connection.at !== 'stopped' || !isUnusable(connection)) return;
    this.#isOriginTold = true;
    console.error(ownerSentence(connection, { ...this.#tag, origin: location.origin }));
  }

  #show(from: HTMLElement): void {
    this.#cameFrom = from;
    this.#setOpen(true);
    const rapport = this.#connect();
    // Another window may have taken this one's place; a person who opens this one wants it back.
    if (rapport.state().connection.at === 'stopped') rapport.retry();
    this.#phone.enter();
    this.#panel.render(rapport.state());
    this.#drawLauncher(rapport.state());
    this.#panel.focus();
  }

  #hide(): void {
    if (!this.#open) return;
    this.#setOpen(false);
    this.#phone.leave();
    if (this.#rapport) this.#drawLauncher(this.#rapport.state());
    (this.#cameFrom?.isConnected ? this.#cameFrom : this.#launcher).focus();
  }

  #setOpen(open: boolean): void {
    this.#open = open;
    this.#panel.element.hidden = !open;
    this.#panel.element.setAttribute('aria-modal', String(isPhone()));
    this.#launcher.setAttribute('aria-expanded', String(open));
    this.#launcher.replaceChildren(icon(open ? 'close' : 'talk'), this.#badge);
    tabMemory.set(openKey, open ? this.#tag.creatorId : '');
  }

  /**
   * Anything on the site with `data-rapport-open` opens the panel; its value, if any, is put into the input.
   */
  #onPageClick(event: MouseEvent): void {
    const opener = event.target instanceof Element ? event.target.closest('[data-rapport-open]') : null;
    if (!(opener instanceof HTMLElement)) return;
    event.preventDefault();
    this.#show(opener);
    const text = opener.getAttribute('data-rapport-open') ?? '';
    if (text !== '') this.#panel.suggest(text);
  }

  async #say(text: string, choiceId?: string): Promise<void> {
    const kept = await this.#connect().say(text, choiceId);
    if (!kept.ok) this.#panel.refuse(text, kept.code);
  }
}
