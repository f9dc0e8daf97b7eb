import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Member, Members } from '@rapport/stream/members.ts';
import type { Owner, Owners } from '@rapport/stream/owners.ts';
import { assign } from './assign.ts';
import type { Lease, LeaseProfile } from './lease.ts';
import { Membership } from './membership.ts';

/** What a host does with its partitions when ownership says so. */
export interface Holdings {
  /** The epoch in which a partition is worked on here; undefined when it is not. */
  epochOf(partition: number): number | undefined;
  readonly partitions: readonly number[];
  begin(owner: Owner): void;
  /** Finishes the batch at work, then writes the last checkpoint and lets go in one. */
  handOver(partition: number): Promise<void>;
  /** It is somebody else's: stops, and writes nothing. */
  drop(partition: number): Promise<void>;
  /** Writes progress, whether there is any or not: only a compare-and-set tells who owns it. */
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

/** Silence is noticed within this part of a heartbeat. */
const reviewsPerHeartbeat = 5;

/**
 * A member's side of ownership: beats, watches who else does, and moves partitions towards where `assign`
 * wants them. Nobody leads: all compute the same, and a compare-and-set decides where they do not.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #membership: Membership;
  readonly #current: Owner[] = [];
  /** Partitions with something under way. */
  readonly #busy = new Map<number, Promise<void>>();
  #assigned: { readonly facts: string; readonly targets: readonly string[] } = { facts: '', targets: [] };
  /** There are more hosts than partitions, and this one has none. */
  #idle = false;
  #beat = 0;
  #beating = false;
  /** The newest heartbeat failed: one warning is enough. */
  #failing = false;
  #leaving = false;
  #ends: (() => void)[] = [];

  constructor(options: OwnershipOptions) {
    const { hostId, profile, clock } = options;
    this.#options = options;
    this.#membership = new Membership({ hostId, leaseMs: profile.leaseMs, clock });
  }

  /** Becomes a member; resolves when it has what is free for it now. The rest comes as others let go. */
  async start(): Promise<void> {
    const { members, owners, clock, profile } = this.#options;
    this.#ends.push(
      await members.watch((member, isNew) => {
        this.#membership.heard(member, isNew);
        if (member.beat <= 1 || member.leaving) this.#review(); // Somebody comes or goes.
      }),
    );
    this.#ends.push(await owners.watch((owner) => this.#owner(owner)));
    await this.#renew();
    const renew = () => void this.#renew(); // It answers for its failures.
    this.#ends.push(clock.every(profile.heartbeatMs, renew));
    this.#ends.push(clock.every(profile.heartbeatMs / reviewsPerHeartbeat, () => this.#review()));
    this.#review();
    await this.#settled();
  }

  /** Lets go of everything in order, and then is no member any more. */
  async stop(): Promise<void> {
    const { holdings, members, hostId, log } = this.#options;
    this.#leaving = true;
    await this.#renew(); // From now on others wait for what is let go.
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

  /** Somebody else owns a partition that is worked on here. */
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

  /** One heartbeat. A lease that ran out meanwhile comes back only with what is still ours. */
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

  /** Compares what is with what should be, and begins what is to be done. */
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
        // Claimed or let go without an answer: nobody else may take it, so it is handed on from here.
        this.#begin(partition, () => this.#claim(partition, (before) => before.hostId === hostId));
      } else if (owner !== undefined && this.#awaitsNews(owner, target)) {
        this.#begin(partition, () => this.#letGoFor(owner));
      }
    }
  }

  /** Computed anew when something changed since. */
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

  /** Once each time it begins: who runs it thinks that it helps. */
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

  /** A host that just came has to wait a lease for the dead; those who knew them need not. */
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

  /** One thing at a time for each partition; what else is to be done the next review finds. */
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
