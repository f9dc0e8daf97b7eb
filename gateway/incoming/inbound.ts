// Hop 4 of 12: gateway/incoming/inbound - frame -> envelope; one append carries many.
import { Appender, type AppenderOptions } from '@rapport/stream/appender.ts';

/** What this gateway puts into the log, under names of its own. */
export class Inbound extends Appender {
  constructor({ gatewayId, ...options }: Omit<AppenderOptions, 'name'> & { readonly gatewayId: string }) {
    super({ ...options, name: gatewayId });
  }
}
