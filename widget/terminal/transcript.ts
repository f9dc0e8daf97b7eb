import { safeAddress } from '../sdk/endpoint.ts';
import type { Message, Source } from '../sdk/frame.ts';
import type { RapportState } from '../sdk/rapport.ts';
import { harmless } from './harmless.ts';

/** Turns states of a conversation into a text that only grows, as a terminal shows it. */
export class Transcript {
  readonly #options: {
    readonly write: (text: string) => void;
    /** The gateway's address: relative addresses of sources lie below it. */
    readonly base: string;
  };
  /** Texts that the terminal shows already, because they were typed there, and that are not yet stored. */
  #typed: readonly string[] = [];
  readonly #stopped = new Set<string>();
  #held: readonly string[] = [];
  #shownSeq = 0;
  #running: { readonly turnId: string; readonly text: string } | undefined;
  #isAtLineStart = true;
  #trouble = '';
  #wasOpen = false;
  #greeted = false;

  constructor(options: { readonly write: (text: string) => void; readonly base: string }) {
    this.#options = options;
  }

  /** Before it is said: its message may be here sooner than its id. */
  typed(text: string): void {
    this.#typed = [...this.#typed, text];
  }

  /** It could not be said. */
  untyped(text: string): void {
    this.#isTyped(text);
  }

  show(state: RapportState): void {
    this.#showTrouble(state);
    this.#greet(state);
    this.#showMessages(state);
    this.#showStops(state);
    this.#showAnswer(state);
  }

  /** Something that nobody in the conversation said. */
  note(text: string): void {
    this.line(`(${text})`);
  }

  /** A line of its own, also in the middle of an answer. */
  line(text: string): void {
    this.#write(`${this.#isAtLineStart ? '' : '\n'}${text}\n`);
  }

  #showTrouble({ connection, pending }: RapportState): void {
    const isTrouble = connection.at === 'waiting' || connection.at === 'stopped';
    if (connection.at !== 'open' && !isTrouble) return;
    const before = this.#trouble;
    this.#trouble = isTrouble ? this.#sentenceOf(connection) : '';
    if (connection.at === 'open') this.#wasOpen = true;
    if ((before === '') === (this.#trouble === '')) return;
    // The notice interrupts a half-written answer, so the answer begins anew after it.
    this.#running = undefined;
    this.#showHeld();
    const kept = pending.length > 0 ? ` Unsent messages here: ${pending.length}.` : '';
    if (this.#trouble === '') this.note('connected again');
    else this.note(`${this.#trouble}\n What you write is kept and sent later.${kept}`);
  }

  #sentenceOf({ code, reason }: { readonly code: string; readonly reason: string }): string {
    if (this.#wasOpen || code !== 'unavailable') return reason;
    const { base } = this.#options;
    return `Cannot reach ${base}: start a Rapport with \`npm start\`, or name another one with --url.`;
  }

  #greet({ coach, older, messages, connection }: RapportState): void {
    if (this.#greeted || connection.at !== 'open') return;
    this.#greeted = true;
    if (older !== 'none') this.note('earlier messages are not shown');
    if (messages.length > 0 || coach.greeting === '') return;
    this.line(`coach> ${coach.greeting}`);
    for (const suggestion of coach.suggestions) this.line(`       e.g. ${suggestion}`);
  }

  #showMessages({ messages }: RapportState): void {
    for (const message of messages) {
      if (message.seq <= this.#shownSeq) continue;
      this.#showMessage(message);
    }
    this.#shownSeq = messages.at(-1)?.seq ?? this.#shownSeq;
  }

  /** After the message of what was written until then. */
  #showStops({ stoppedTurns }: RapportState): void {
    for (const turnId of stoppedTurns) {
      if (this.#stopped.has(turnId) || this.#running?.turnId === turnId) continue;
      this.#stopped.add(turnId);
      this.note('stopped');
    }
  }

  #showMessage(message: Message): void {
    if (message.role === 'USER') {
      if (this.#isTyped(message.text)) return;
      // It would tear the answer that is being written, so it comes below that.
      if (this.#running) this.#held = [...this.#held, message.text];
      else this.line(`you> ${message.text}`);
      return;
    }
    const running = this.#running;
    this.#running = undefined;
    const goesOn = running?.turnId === message.turnId && message.text.startsWith(running.text);
    if (running && goesOn) this.#write(`${message.text.slice(running.text.length)}\n`);
    else this.line(`${message.role === 'SYSTEM' ? '*' : 'coach>'} ${message.text}`);
    for (const source of message.sources) this.line(`       from: ${this.#nameOf(source)}`);
    for (const [at, choice] of message.choices.entries()) this.line(`       [${at + 1}] ${choice.text}`);
    this.#showHeld();
  }

  /** Once for each time that it was typed. */
  #isTyped(text: string): boolean {
    const at = this.#typed.indexOf(text);
    if (at !== -1) this.#typed = this.#typed.toSpliced(at, 1);
    return at !== -1;
  }

  #showHeld(): void {
    for (const text of this.#held) this.line(`you> ${text}`);
    this.#held = [];
  }

  #nameOf({ title, documentId, url }: Source): string {
    const name = title || documentId;
    const address = url === '' ? undefined : safeAddress(url, this.#options.base);
    return address === undefined ? name : `${name} <${address}>`;
  }

  #showAnswer({ answer }: RapportState): void {
    if (!answer || answer.text === '' || answer.at === 'cut') return;
    const shown = this.#running?.turnId === answer.turnId ? this.#running.text : undefined;
    if (shown === answer.text) return;
    if (shown !== undefined && answer.text.startsWith(shown)) this.#write(answer.text.slice(shown.length));
    else this.#write(`${this.#isAtLineStart ? '' : '\n'}coach> ${answer.text}`);
    this.#running = { turnId: answer.turnId, text: answer.text };
  }

  /** Nothing that was received reaches the terminal but by this. */
  #write(text: string): void {
    if (text === '') return;
    const safe = harmless(text);
    this.#isAtLineStart = safe.endsWith('\n');
    this.#options.write(safe);
  }
}
