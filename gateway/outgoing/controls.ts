import type { Control } from '@rapport/proto/control.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';

/** Some 200 bytes each: a message stays far below NATS' 1 MiB. */
const controlsPerMessageMax = 1_024;

/** Gathers what is to be told to owners: one message per partition and turn of the event loop. */
export class Controls {
  readonly #gatewayId: string;
  readonly #lanes: Pick<Lanes, 'toOwner'>;
  readonly #waiting = new Map<number, Control[]>();

  constructor(gatewayId: string, lanes: Pick<Lanes, 'toOwner'>) {
    this.#gatewayId = gatewayId;
    this.#lanes = lanes;
  }

  add(partition: number, control: Control): void {
    const waiting = this.#waiting.get(partition);
    if (waiting !== undefined) {
      waiting.push(control);
      return;
    }
    if (this.#waiting.size === 0) setImmediate(() => this.flush());
    this.#waiting.set(partition, [control]);
  }

  flush(): void {
    for (const [partition, controls] of this.#waiting) {
      for (let at = 0; at < controls.length; at += controlsPerMessageMax) {
        this.#lanes.toOwner(partition, {
          gatewayId: this.#gatewayId,
          controls: controls.slice(at, at + controlsPerMessageMax),
        });
      }
    }
    this.#waiting.clear();
  }
}
