import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport, RapportState } from '@rapport/widget/sdk/rapport.ts';
import type { Surroundings } from '@rapport/widget/sdk/surroundings.ts';
import type { Chance } from './chance.ts';
import { Connection } from './connection.ts';
import { Fate } from './fate.ts';
import type { Gateways } from './gateways.ts';
import { OutboxModel } from './outbox-model.ts';
import type { Witness } from './witness.ts';
import type { World } from './world.ts';

/** One thing a person said in a tab. */
export interface Utterance {
  readonly text: string;
  /** The number of the device's tab. */
  readonly tab: number;
  /** `kept`: the client has promised to send it. */
  fate: 'unknown' | 'kept' | 'refused';
}

/** A device of a person: its storage, and its tab, which may be closed or killed and opened again. */
export class Device {
  readonly name: string;
  readonly conversation: string;
  readonly outbox: OutboxModel;
  readonly said: Utterance[] = [];
  readonly #world: World;
  readonly #gateways: Gateways;
  readonly #witness: Witness;
  readonly #chance: Chance;
  readonly #tail: number;
  /** A hidden tab never asks by itself whether its connection is alive. */
  readonly isHidden: boolean;
  #tab: { readonly fate: Fate; readonly rapport: Rapport } | undefined;
  #tabs = 0;
  #isRestored = false;
  readonly #failed = new Set<string>();
  #connections: Connection[] = [];

  constructor(options: {
    readonly name: string;
    /** `creator/user`. */
    readonly conversation: string;
    readonly world: World;
    readonly gateways: Gateways;
    readonly witness: Witness;
  }) {
    this.name = options.name;
    this.conversation = options.conversation;
    this.#world = options.world;
    this.#gateways = options.gateways;
    this.#witness = options.witness;
    this.#chance = options.world.chance(`device ${options.name}`);
    this.#tail = this.#chance.happens(0.3) ? this.#chance.between(1, 10) : 0;
    this.isHidden = this.#chance.happens(0.5);
    this.outbox = new OutboxModel(options.world, options.name);
  }

  get rapport(): Rapport | undefined {
    return this.#tab?.rapport;
  }

  /** Texts of which the person was told that the server will never take them. */
  get failed(): readonly string[] {
    return [...this.#failed];
  }

  /** Utterances that have to keep their order: one row if one tab held the whole device, else one a tab. */
  get rows(): readonly (readonly Utterance[])[] {
    // The server may take a restored device's second say before it refuses the first one's number.
    if (this.#isRestored) return [];
    if (this.outbox.slots === 1) return [this.said];
    return [...Map.groupBy(this.said, ({ tab }) => tab).values()];
  }

  /** The connections that are not over; the newest is the last. */
  get connections(): readonly Connection[] {
    this.#connections = this.#connections.filter(({ isOver }) => !isOver);
    return this.#connections;
  }

  open(): void {
    if (this.#tab !== undefined) return;
    this.#tabs += 1;
    const [creatorId = ''] = this.conversation.split('/');
    const fate = new Fate(`${this.name}.${this.#tabs}`, this.#world.time);
    this.#world.tell(fate.name, 'opens');
    fate.later(0, () => {
      const rapport = createRapport({
        url: 'http://gateway.test',
        creatorId,
        token: async () => this.conversation,
        storage: this.outbox.open(fate),
        tail: this.#tail,
        surroundings: this.#surroundings(fate),
      });
      rapport.subscribe(this.#watch(fate, rapport));
      this.#tab = { fate, rapport };
    });
  }

  /** The person leaves: the tab ends in order. */
  close(): void {
    const tab = this.#tab;
    if (tab === undefined) return;
    this.#world.tell(tab.fate.name, 'closes');
    this.#tab = undefined;
    tab.fate.later(0, () => {
      const gone = () => this.#gone(tab.fate);
      tab.rapport.close().then(gone, gone);
    });
  }

  /** The tab or its machine ends in the middle of its work. */
  kill(): void {
    const tab = this.#tab;
    if (tab === undefined) return;
    this.#world.tell(tab.fate.name, 'is killed');
    this.#tab = undefined;
    this.#gone(tab.fate);
  }

  /** The tab is killed, and an older backup of its storage is restored. */
  restore(): void {
    this.kill();
    if (this.#tab !== undefined) return;
    this.#isRestored = true;
    const gone = new Set(this.outbox.restore());
    if (gone.size > 0) this.#world.tell(this.name, `loses ${[...gone].join(', ')} by a backup`);
    for (const utterance of this.said)
      if (utterance.fate === 'kept' && gone.has(utterance.text)) utterance.fate = 'unknown';
  }

  say(text: string): void {
    const tab = this.#tab;
    if (tab === undefined) return;
    const utterance: Utterance = { text, tab: this.#tabs, fate: 'unknown' };
    this.said.push(utterance);
    tab.fate.later(0, () => {
      this.#world.tell(tab.fate.name, `says "${text}"`);
      tab.rapport.say(text).then(
        (keeping) => {
          utterance.fate = keeping.ok ? 'kept' : 'refused';
        },
        () => {
          utterance.fate = 'refused'; // The tab closed first.
        },
      );
    });
  }

  /** Does something with the open tab, if there is one. */
  use(act: (rapport: Rapport) => void): void {
    const tab = this.#tab;
    tab?.fate.later(0, () => act(tab.rapport));
  }

  /** Checks everything that a tab shows. */
  #watch(fate: Fate, rapport: Rapport): (state: RapportState) => void {
    const tab = fate.name;
    let shown = 0;
    let backAtMs = 0;
    return ({ pending, topSeq, answer, connection }) => {
      // The gateway still counts sockets that died unnoticed, so a newer socket may replace this one.
      if (
        connection.at === 'stopped' &&
        connection.code === 'replaced' &&
        backAtMs < this.#world.time.nowMs
      ) {
        const afterMs = this.#chance.between(1_000, 20_000);
        backAtMs = this.#world.time.nowMs + afterMs;
        fate.later(afterMs, () => rapport.retry()); // The person looks again.
      }
      for (const { state, text } of pending) if (state === 'failed') this.#failed.add(text);
      if (topSeq < shown)
        this.#world.fail('what was shown stays shown', `${tab} went back from ${shown} to ${topSeq}`);
      shown = topSeq;
      const writers = new Set(answer?.text.match(/[.]\d+@\w+/g));
      if (writers.size > 1) this.#world.fail('an answer is of one attempt', `${tab} shows "${answer?.text}"`);
    };
  }

  #gone(fate: Fate): void {
    fate.die();
    this.outbox.left(fate);
    for (const connection of this.connections) connection.cut();
  }

  #surroundings(fate: Fate): Surroundings {
    return {
      nowMs: () => fate.clock.wallMs(),
      monotonicMs: () => fate.clock.monotonicMs(),
      after: (ms, ring) => fate.later(ms, ring),
      randomBytes: (bytes) => this.#chance.fill(bytes),
      fetch: () => Promise.reject(new Error('there is no fetch here')),
      openSocket: () => this.#connect(fate),
      watch: () => () => undefined,
      visible: () => !this.isHidden,
    };
  }

  #connect(fate: Fate) {
    const far = this.#gateways.any();
    this.#world.tell(fate.name, `connects to ${far?.fate.name ?? 'nobody'}`);
    const connection: Connection = new Connection({
      world: this.#world,
      chance: this.#chance,
      tab: fate,
      far,
      onWrite: (from, frame) =>
        this.#witness.wrote({ connection: from, to: fate.name, conversation: this.conversation, frame }),
    });
    this.#connections.push(connection);
    return connection.socket;
  }
}
