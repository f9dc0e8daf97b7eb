import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Member, Members } from '@rapport/stream/members.ts';
import type { Owner, Owners } from '@rapport/stream/owners.ts';
import { assign } from './assign.ts';
import type { Lease, LeaseProfile } from './lease.ts';
import { Membership } from './membership.ts';

/** What ownership makes a host do with its partitions. */
export interface Holdings {
  /** The epoch in which this host works on a partition; undefined when it does not. */
  epochOf(partition: number): number | undefined;
  readonly partitions: readonly number[];
  begin(owner: Owner): void;
  /** Finishes the batch at work, then writes the last checkpoint and lets go in one write. */
  handOver(partition: number): Promise<void>;
  /** Another host owns the partition: stops, and writes nothing. */
  drop(partition: number): Promise<void>;
  /**
   * Writes the progress even if it has not changed: only a compare-and-set tells whether this host is the
   * owner.
   */
  confirm(partition: number): Promise<boolean>;
}

export interface OwnershipOptions {
  readonly hostId: string;
  readonly profile: LeaseProfile;
  readonly lease: Lease;
  readonly members: Members;
  readonly owners: Owners;
  readonly partitions: number;
  readonly holdings: Holdings;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the lease had run out and is held again. */
  readonly onLapse: () => void;
}

/** The silence of a member is noticed within this part of a heartbeat's interval. */
const reviewsPerHeartbeat = 5;

/**
 * A member's side of ownership: sends heartbeats, watches those of others, and moves partitions to where
 * `assign` wants them. There is no leader: all hosts compute the same, and a compare-and-set decides where
 * they do not.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #membership: Membership;
  readonly #current: Owner[] = [];
  /** Partitions with a claim or a hand-over under way. */
  readonly #busy = new Map<number, Promise<void>>();
  #assigned: { readonly facts: string; readonly targets: readonly string[] } = { facts: '', targets: [] };
  /** There are more hosts than partitions, and this host has none. */
  #idle = false;
  #beat = 0;
  #beating = false;
  /** The newest heartbeat failed, and that was logged. */
  #failing = false;
  #leaving = false;
  #ends: (() => void)[] = [];

  constructor(options: OwnershipOptions) {
    const { hostId, profile, clock } = options;
    this.#options = options;
    this.#membership = new Membership({ hostId, leaseMs: profile.leaseMs, clock });
  }

  /**
   * Becomes a member. Resolves when it has the partitions that are free now; others follow as hosts let go.
   */
  async start(): Promise<void> {
    const { members, owners, clock, profile } = this.#options;
    this.#ends.push(
      await members.watch((member, isNew) => {
        this.#membership.heard(member, isNew);
        if (member.beat <= 1 || member.leaving) this.#review(); // A member comes or goes.
      }),
    );
    this.#ends.push(await owners.watch((owner) => this.#owner(owner)));
    await this.#renew();
    const renew = () => void this.#renew(); // It logs its failures.
    this.#ends.push(clock.every(profile.heartbeatMs, renew));
    this.#ends.push(clock.every(profile.heartbeatMs / reviewsPerHeartbeat, () => this.#review()));
    this.#review();
    await this.#settled();
  }

  /** Lets go of every partition in order, and then leaves the members. */
  async stop(): Promise<void> {
    const { holdings, members, hostId, log } = this.#options;
    this.#leaving = true;
    await this.#renew(); // From now on others wait for the partitions that this host lets go.
    await this.#settled();
    for (const partition of holdings.partitions) {
      this.#begin(partition, () => holdings.handOver(partition));
    }
    await this.#settled();
    for (const end of this.#ends) end();
    await members.leave(hostId).catch((failure) => {
      log.warn({ reason: reasonOf(failure) }, 'others wait for the lease to run out');
    });
  }

  /** Another host owns a partition on which this host works. */
  lost(partition: number): void {
    this.#begin(partition, () => {
      this.#options.log.warn({ partition }, 'partition lost to another host');
      return this.#options.holdings.drop(partition);
    });
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  #owner(owner: Owner): void {
    const { partition, hostId, epoch } = owner;
    const known = this.#current[partition];
    this.#current[partition] = owner;
    if (known?.hostId !== hostId || known.epoch !== epoch) this.#review();
  }

  /** Sends one heartbeat. A lease that ran out comes back only for partitions that this host still owns. */
  async #renew(): Promise<void> {
    const { members, lease, clock, profile, log, onLapse } = this.#options;
    if (this.#beating) return;
    this.#beating = true;
    try {
      const sentMs = clock.monotonicMs();
      this.#beat += 1;
      await members.beat(this.#member(), profile.heartbeatMs * 2);
      if (!lease.held && this.#beat > 1) {
        await this.#confirmAll();
        onLapse();
      }
      lease.renew(sentMs);
      this.#failing = false;
    } catch (failure) {
      if (!this.#failing) log.warn({ reason: reasonOf(failure) }, 'heartbeat failed');
      this.#failing = true;
    } finally {
      this.#beating = false;
    }
  }

  #member(): Member {
    return { hostId: this.#options.hostId, beat: this.#beat, leaving: this.#leaving };
  }

  async #confirmAll(): Promise<void> {
    const { holdings } = this.#options;
    await Promise.all(
      holdings.partitions.map(async (partition) => {
        if (!(await holdings.confirm(partition))) this.lost(partition);
      }),
    );
  }

  /** Compares the owners with the assignment, and begins what differs. */
  #review(): void {
    const { lease, holdings, hostId } = this.#options;
    for (const partition of holdings.partitions) {
      if ((this.#current[partition]?.epoch ?? 0) > (holdings.epochOf(partition) ?? 0)) this.lost(partition);
    }
    if (!lease.held || this.#leaving) return;
    for (const [partition, target] of this.#targets().entries()) {
      const owner = this.#current[partition];
      const isHeld = holdings.epochOf(partition) !== undefined;
      if (isHeld && target !== hostId) this.#begin(partition, () => holdings.handOver(partition));
      else if (!isHeld && target === hostId && this.#isFree(owner)) {
        this.#begin(partition, () => this.#claim(partition, (before) => this.#isFree(before)));
      } else if (!isHeld && owner?.hostId === hostId) {
        // A claim or release got no answer: no other host may take the partition, so this host hands it on.
        this.#begin(partition, () => this.#claim(partition, (before) => before.hostId === hostId));
      } else if (owner !== undefined && this.#awaitsNews(owner, target)) {
        this.#begin(partition, () => this.#letGoFor(owner));
      }
    }
  }

  /** The assignment, computed anew when members or owners have changed. */
  #targets(): readonly string[] {
    const { partitions } = this.#options;
    const members = this.#membership.live();
    const current = Array.from({ length: partitions }, (_, partition) => this.#current[partition]?.hostId);
    const facts = `${members} ${current}`;
    if (facts !== this.#assigned.facts) {
      this.#assigned = { facts, targets: assign({ partitions, members, current }) };
      this.#tellWhenIdle(members.length);
    }
    return this.#assigned.targets;
  }

  /** Logged once each time it begins: the operator thinks that this host helps. */
  #tellWhenIdle(hosts: number): void {
    const { partitions, hostId, log } = this.#options;
    const idle = hosts > partitions && !this.#assigned.targets.includes(hostId);
    if (idle && !this.#idle)
      log.warn({ hosts, partitions }, 'more actor hosts than partitions: this one waits');
    this.#idle = idle;
  }

  #isFree(owner: Owner | undefined): boolean {
    if (owner === undefined || owner.hostId === '' || owner.hostId === this.#options.hostId) return true;
    return this.#membership.isDead(owner.hostId);
  }

  /**
   * A new host must observe a full lease of silence before it may call an owner dead. Hosts that knew the
   * owner can claim the partition at once.
   */
  #awaitsNews({ hostId }: Owner, target: string): boolean {
    if (hostId === '' || target === this.#options.hostId) return false;
    return this.#membership.isDead(hostId) && this.#membership.isYoung(target);
  }

  async #letGoFor(dead: Owner): Promise<void> {
    await this.#options.owners.checkpoint({ ...dead, hostId: '' });
  }

  async #claim(partition: number, mayTake: (before: Owner) => boolean): Promise<void> {
    const { owners, hostId, holdings, log } = this.#options;
    const owner = await owners.claim(partition, hostId, mayTake);
    if (owner === undefined || (this.#current[partition]?.epoch ?? 0) > owner.epoch) return;
    this.#current[partition] = owner;
    log.info({ partition, epoch: owner.epoch }, 'partition taken');
    holdings.begin(owner);
  }

  /** One action at a time for each partition. The next review finds what is still to be done. */
  #begin(partition: number, act: () => Promise<void>): void {
    if (this.#busy.has(partition)) return;
    const acting = act()
      .catch((failure) => {
        this.#options.log.warn({ partition, reason: reasonOf(failure) }, 'ownership not changed');
      })
      .finally(() => {
        this.#busy.delete(partition);
      });
    this.#busy.set(partition, acting);
  }
}
