import type { Rapport } from '../sdk/rapport.ts';
import { say } from './say.ts';
import { Screen } from './screen.ts';
import { Transcript } from './transcript.ts';

export interface ConverseOptions {
  readonly rapport: Rapport;
  /** The gateway's address. */
  readonly url: string;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** A person types at a terminal; answers appear as they are written. Resolves when the person leaves. */
export async function converse({ rapport, url, input, output }: ConverseOptions): Promise<void> {
  const screen = new Screen({ input, output, prompt: 'you> ' });
  const transcript = new Transcript({ write: (text) => screen.write(text), base: url });
  const isWriting = () => rapport.state().answer?.at === 'writing';
  const end = rapport.subscribe((state) => {
    transcript.show(state);
    if (!isWriting()) screen.prompt();
  });
  let saying = Promise.resolve();
  screen.onLine((line, isSeen) => {
    const text = line.trim();
    if (text === '/quit') screen.close();
    else if (text === '/stop') rapport.stop();
    else if (text !== '') {
      const add = async () => void (await say(rapport, { transcript, line, isSeen }));
      saying = saying.then(add, add); // In the order in which they were typed.
    }
    if (!isWriting()) screen.prompt();
  });
  screen.onInterrupt(() => (isWriting() ? rapport.stop() : screen.close()));
  await screen.closed();
  end();
  await saying.catch(() => {}); // What could not be said was told.
}
