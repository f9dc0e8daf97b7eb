import { envelopesOf } from '@rapport/proto/batch.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import type { LoggedSay } from './journal.ts';

/** Reads the owners and the log, past every network that a fault hits. */
export class Witness {
  readonly #stream: Stream;
  readonly #owners = new Map<number, string>();

  private constructor(stream: Stream) {
    this.#stream = stream;
  }

  static async open(natsUrl: string): Promise<Witness> {
    const log = createLog({ name: 'witness', level: 'silent' });
    const stream = await openStream({ url: natsUrl, name: 'witness', partitions: 0, log });
    const witness = new Witness(stream);
    await stream.owners.watch(({ partition, hostId }) => witness.#owners.set(partition, hostId));
    return witness;
  }

  /** The actor host that has this conversation now, as `actors-2`; its incarnation is left out. */
  ownerOf(key: ConversationKey): string {
    const hostId = this.#owners.get(partitionOf(key, this.#stream.inbox.partitions)) ?? '';
    return hostId.replace(/-[0-9a-f]{8}$/, '');
  }

  /** The says of these people in the log, by `creatorId/userId`. Each person must have said something. */
  async logged(keys: readonly ConversationKey[]): Promise<ReadonlyMap<string, readonly LoggedSay[]>> {
    const says = new Map<string, LoggedSay[]>(keys.map((key) => [nameOf(key), []]));
    const partitions = new Set(keys.map((key) => partitionOf(key, this.#stream.inbox.partitions)));
    await Promise.all([...partitions].map((partition) => this.#read(partition, says)));
    return says;
  }

  async #read(partition: number, says: ReadonlyMap<string, LoggedSay[]>): Promise<void> {
    const ends = new AbortController();
    for await (const { bytes, pending } of this.#stream.inbox.read(partition, 0, ends.signal)) {
      for (const { event, ...key } of envelopesOf(bytes)) {
        if (event.kind !== 'said') continue;
        const { deviceId, clientSeq, id } = event;
        says.get(nameOf(key))?.push({ deviceId, clientSeq, id });
      }
      if (pending === 0) ends.abort();
    }
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }
}

export function nameOf({ creatorId, userId }: ConversationKey): string {
  return `${creatorId}/${userId}`;
}
