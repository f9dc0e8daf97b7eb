import type { PageRange } from '@rapport/history/history.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Intake } from '../limits/intake.ts';
import type { HistoryReader } from '../outgoing/history-reader.ts';
import type { Member, Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import type { UpFrame } from './up-frame.ts';

/** Messages of a page that names no limit: a screen or two. */
const limitDefault = 50;
const againAfterMs = 1_000;

/**
 * Which messages a page asks for; undefined when it asks in both directions. Without a seq: from the first.
 */
export function rangeOf(
  page: { readonly beforeSeq: number; readonly afterSeq: number; readonly limit: number },
  limits: Limits,
): PageRange | undefined {
  const { beforeSeq, afterSeq } = page;
  const limit = Math.min(page.limit === 0 ? limitDefault : page.limit, limits.pageMessagesMax);
  if (beforeSeq > 0 && afterSeq > 0) return undefined;
  return beforeSeq > 0 ? { beforeSeq, limit } : { afterSeq, limit };
}

export interface PagesOptions {
  readonly limits: Limits;
  readonly intake: Intake;
  readonly reader: HistoryReader;
  readonly writer: Writer;
  readonly log: Log;
}

/** Answers page frames: one at a time of a session, each with one history frame. */
export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  take(session: Session, member: Member, page: UpFrame & { readonly kind: 'page' }): void {
    const { limits, intake, writer } = this.#options;
    const range = rangeOf(page, limits);
    if (range === undefined) {
      writer.fault(session, 'bad_frame', { reason: 'Cannot page: set one of beforeSeq and afterSeq' });
      return;
    }
    if (member.paging) {
      writer.fault(session, 'page_in_progress', { retryAfterMs: againAfterMs });
      return;
    }
    const waitMs = intake.page(member.room);
    if (waitMs > 0) {
      writer.fault(session, 'too_fast', { retryAfterMs: waitMs });
      return;
    }
    member.paging = true;
    void this.#answer(session, member, range); // It answers for its own failures.
  }

  async #answer(session: Session, member: Member, range: PageRange): Promise<void> {
    const { writer, reader, log } = this.#options;
    try {
      await writer.room(session);
      const isWanted = () => session.state.at !== 'closed';
      const { messages, more } = await reader.page(member.room, range, isWanted);
      writer.send(session, { history: { messages: [...messages], more, paged: true } });
    } catch (failure) {
      log.warn({ conversation: member.room.name, reason: reasonOf(failure) }, 'cannot read a page');
      writer.fault(session, 'history_unavailable', { retryAfterMs: againAfterMs });
    } finally {
      member.paging = false;
    }
  }
}
