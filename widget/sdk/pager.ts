import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Frame, History } from './frame.ts';
import type { Surroundings } from './surroundings.ts';
import { hasHole, type Timeline, topSeq } from './timeline.ts';

export interface PagerOptions {
  readonly surroundings: Surroundings;
  /** False when there is no open connection. */
  readonly send: (page: UpJson) => boolean;
  readonly timeline: () => Timeline;
  readonly onChange: () => void;
}

const pageMessages = 50;
const againAfterMs = 1_000;

/**
 * Asks for stored messages, one page at a time: by itself for the messages of a hole, when told for older
 * ones.
 */
export class Pager {
  readonly #options: PagerOptions;
  #asked: 'older' | 'hole' | undefined;
  #askedAtTop = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(options: PagerOptions) {
    this.#options = options;
  }

  get loadingOlder(): boolean {
    return this.#asked === 'older';
  }

  older(): void {
    const { base } = this.#options.timeline();
    if (base !== undefined && base > 0) this.before(base + 1);
  }

  before(beforeSeq: number): void {
    if (!this.#asked) this.#ask('older', { page: { beforeSeq, limit: pageMessages } });
  }

  /** Takes the answer to a page, and asks for the next one when a message is missing. */
  onFrame(frame: Frame): void {
    if (frame.kind === 'history' && frame.paged) this.#onPage(frame);
    if (
      frame.kind === 'fault' &&
      (frame.code === 'page_in_progress' || frame.code === 'history_unavailable')
    ) {
      this.#askAgainAfter(frame.retryAfterMs || againAfterMs);
    }
    this.#fillHole();
  }

  /** The connection is gone or new: nothing asked before will be answered. */
  reset(): void {
    this.#asked = undefined;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #fillHole(): void {
    const timeline = this.#options.timeline();
    if (this.#asked || this.#stopWaiting || !hasHole(timeline)) return;
    this.#askAfter(topSeq(timeline));
  }

  #askAfter(afterSeq: number): void {
    this.#askedAtTop = afterSeq;
    this.#ask('hole', { page: { afterSeq, limit: pageMessages } });
  }

  /**
   * A page without the missing messages came from a store that is behind: asking at once would spin. A page
   * that reached the top and has more behind it, as after a long silence, is followed by the next.
   */
  #onPage({ messages, more }: History): void {
    const asked = this.#asked;
    const top = topSeq(this.#options.timeline());
    this.#asked = undefined;
    if (asked === 'hole' && top === this.#askedAtTop) this.#askAgainAfter(againAfterMs);
    else if (asked !== 'older' && more && messages.at(-1)?.seq === top) this.#askAfter(top);
  }

  #askAgainAfter(ms: number): void {
    this.reset();
    this.#stopWaiting = this.#options.surroundings.after(ms, () => {
      this.#stopWaiting = undefined;
      this.#fillHole();
      this.#options.onChange();
    });
  }

  #ask(what: 'older' | 'hole', page: UpJson): void {
    if (this.#options.send(page)) this.#asked = what;
  }
}
