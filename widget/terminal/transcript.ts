import type { Message } from '../sdk/frame.ts';
import type { RapportState } from '../sdk/rapport.ts';

/** Turns states of a conversation into a text that only grows, as a terminal shows it. */
export class Transcript {
  readonly #write: (text: string) => void;
  readonly #base: string;
  /** Messages of this person that the terminal shows already, because they were typed there. */
  readonly #typed = new Set<string>();
  #shownSeq = 0;
  #running: { readonly turnId: string; readonly text: string } | undefined;
  #trouble = '';
  #greeted = false;

  constructor(options: { readonly write: (text: string) => void; readonly base: string }) {
    this.#write = options.write;
    this.#base = options.base;
  }

  typed(id: string): void {
    this.#typed.add(id);
  }

  /** True when something was written. */
  show(state: RapportState): boolean {
    const written = [
      this.#showTrouble(state),
      this.#greet(state),
      this.#showMessages(state),
      this.#showAnswer(state),
    ];
    return written.includes(true);
  }

  #showTrouble({ connection, pending }: RapportState): boolean {
    const trouble = connection.at === 'waiting' || connection.at === 'stopped' ? connection.reason : '';
    if (connection.at !== 'open' && trouble === '') return false;
    const before = this.#trouble;
    this.#trouble = trouble;
    if ((before === '') === (trouble === '')) return false;
    const kept = pending.length > 0 ? ` Unsent messages here: ${pending.length}.` : '';
    this.#line(
      trouble === '' ? '(connected again)' : `(${trouble}\n What you write is kept and sent later.${kept})`,
    );
    return true;
  }

  #greet({ coach, older, messages, connection }: RapportState): boolean {
    if (this.#greeted || connection.at !== 'open') return false;
    this.#greeted = true;
    if (older !== 'none') this.#line('(earlier messages are not shown)');
    if (messages.length > 0 || coach.greeting === '') return older !== 'none';
    this.#line(`coach> ${coach.greeting}`);
    for (const suggestion of coach.suggestions) this.#line(`       e.g. ${suggestion}`);
    return true;
  }

  #showMessages({ messages }: RapportState): boolean {
    const fresh = messages.filter(({ seq }) => seq > this.#shownSeq);
    for (const message of fresh) this.#showMessage(message);
    this.#shownSeq = messages.at(-1)?.seq ?? this.#shownSeq;
    return fresh.length > 0;
  }

  #showMessage(message: Message): void {
    if (message.role === 'USER') {
      if (!this.#typed.has(message.id)) this.#line(`you> ${message.text}`);
      return;
    }
    const running = this.#running;
    this.#running = undefined;
    if (running && running.turnId === message.turnId && message.text.startsWith(running.text)) {
      this.#write(`${message.text.slice(running.text.length)}\n`);
    } else {
      this.#line(`${running ? '\n' : ''}${message.role === 'SYSTEM' ? '*' : 'coach>'} ${message.text}`);
    }
    for (const { title, documentId, url } of message.sources) {
      this.#line(
        `       from: ${title || documentId}${url === '' ? '' : ` <${new URL(url, this.#base).href}>`}`,
      );
    }
    for (const [at, choice] of message.choices.entries()) this.#line(`       [${at + 1}] ${choice.text}`);
  }

  #showAnswer({ answer }: RapportState): boolean {
    if (!answer || answer.text === '') return false;
    const shown = this.#running?.turnId === answer.turnId ? this.#running.text : undefined;
    if (shown === answer.text) return false;
    if (shown !== undefined && answer.text.startsWith(shown)) this.#write(answer.text.slice(shown.length));
    else this.#write(`${this.#running ? '\n' : ''}coach> ${answer.text}`);
    this.#running = { turnId: answer.turnId, text: answer.text };
    return true;
  }

  #line(text: string): void {
    this.#write(`${text}\n`);
  }
}
