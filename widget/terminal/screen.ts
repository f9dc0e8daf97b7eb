import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';

export interface ScreenOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly prompt: string;
}

/**
 * A terminal in which a text grows and, below it, a person writes. While a line of the text is only half
 * there, the person's line is hidden: what is typed meanwhile is kept, and seen with the next prompt.
 */
export class Screen {
  readonly #output: NodeJS.WriteStream;
  readonly #lines: Interface;
  #isPrompting = false;
  #isAtLineStart = true;
  #isClosed = false;

  constructor({ input, output, prompt }: ScreenOptions) {
    this.#output = output;
    const echo = new Echo(output, () => this.#isPrompting);
    this.#lines = createInterface({ input, output: echo, terminal: true, prompt });
    this.#lines.once('close', () => this.#leavePrompt());
  }

  /** `isSeen` is false for a line that was typed while it was hidden. */
  onLine(act: (line: string, isSeen: boolean) => void): void {
    this.#lines.on('line', (line) => {
      const isSeen = this.#isPrompting;
      this.#isPrompting = false; // Enter has put the cursor below the line.
      act(line, isSeen);
    });
  }

  onInterrupt(act: () => void): void {
    this.#lines.on('SIGINT', act);
  }

  /** Resolves when the person or the program ends the input. */
  closed(): Promise<void> {
    return new Promise((resolve) => this.#lines.once('close', resolve));
  }

  close(): void {
    this.#lines.close();
  }

  /** Adds to the text, above the line in which the person writes. */
  write(text: string): void {
    if (text === '') return;
    this.#hidePrompt();
    this.#output.write(text);
    this.#isAtLineStart = text.endsWith('\n');
  }

  /** Lets the person see what they write, unless a line of the text is still half there. */
  prompt(): void {
    if (this.#isClosed || this.#isPrompting || !this.#isAtLineStart) return;
    this.#isPrompting = true;
    // readline first goes up to where its line began; that was hidden, so the rows are made here.
    this.#output.write('\n'.repeat(this.#lines.getCursorPos().rows));
    this.#lines.prompt(true);
  }

  /** The program, or the shell, writes on below. */
  #leavePrompt(): void {
    if (this.#isPrompting) this.#output.write('\n');
    this.#isPrompting = false;
    this.#isClosed = true;
  }

  #hidePrompt(): void {
    if (!this.#isPrompting) return;
    this.#isPrompting = false;
    moveCursor(this.#output, 0, -this.#lines.getCursorPos().rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }
}

/** What readline writes, as long as it may be seen. */
class Echo extends Writable {
  readonly #output: NodeJS.WriteStream;
  readonly #isOn: () => boolean;

  constructor(output: NodeJS.WriteStream, isOn: () => boolean) {
    super({ decodeStrings: false });
    this.#output = output;
    this.#isOn = isOn;
    output.on('resize', () => this.emit('resize'));
  }

  /** readline wraps its line by these. */
  get columns(): number {
    return this.#output.columns;
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    if (this.#isOn()) this.#output.write(text);
    done();
  }
}
