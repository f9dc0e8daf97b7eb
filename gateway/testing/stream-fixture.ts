import { encodeBatch, envelopesOf } from '@rapport/proto/batch.ts';
import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Owner, Owners } from '@rapport/stream/owners.ts';

/** An append as it came into the log. */
export interface Appended {
  readonly partition: number;
  readonly envelopes: readonly Envelope[];
  readonly appendId: string;
}

/**
 * The stream in memory, between one gateway and a test that plays the owners. Values travel as JSON, as on
 * NATS.
 */
export class MemoryStream {
  readonly partitions = 4;
  readonly appended: Appended[] = [];
  /** While true, appends wait for `letGo`. */
  held = false;
  /** While true, appends fail as those of a log that is away. */
  down = false;
  onAppend: (appended: Appended) => void = () => undefined;
  onControls: (partition: number, controls: Controls) => void = () => undefined;
  #waiting: (() => void)[] = [];
  #deliver: (deliveries: Deliveries) => void = () => undefined;
  #owner: (owner: Owner) => void = () => undefined;

  readonly inbox: Pick<Inbox, 'append' | 'partitions'> = {
    partitions: this.partitions,
    append: async (partition, entries, appendId) => {
      if (this.held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.down) throw new Fault('busy', 'Cannot append: the test took the log away');
      const appended = { partition, envelopes: envelopesOf(Buffer.from(encodeBatch(entries))), appendId };
      this.appended.push(appended);
      this.onAppend(appended);
    },
  };

  readonly lanes: Pick<Lanes, 'toOwner' | 'onDeliveries'> = {
    toOwner: (partition, controls) => this.onControls(partition, copy(controls)),
    onDeliveries: (_gatewayId, take) => {
      this.#deliver = take;
      return () => undefined;
    },
  };

  readonly owners: Pick<Owners, 'watch'> = {
    watch: async (onChange) => {
      this.#owner = onChange;
      return () => undefined;
    },
  };

  letGo(): void {
    this.held = false;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  deliver(deliveries: Deliveries): void {
    this.#deliver(copy(deliveries));
  }

  own(partition: number, owner: { readonly hostId: string; readonly epoch: number }): void {
    this.#owner({ partition, ...owner, checkpoint: 0, running: [] });
  }
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
