import type { Control } from '@rapport/proto/control.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';

/** A control takes some 200 bytes, so a message stays far below NATS' limit of 1 MiB. */
const controlsPerMessageMax = 1_024;

export interface ControlsOptions {
  readonly gatewayId: string;
  readonly lanes: Pick<Lanes, 'toOwner'>;
}

/** Gathers controls for the owners: one message for each partition and round of the event loop. */
export class Controls {
  readonly #options: ControlsOptions;
  readonly #waiting = new Map<number, Control[]>();

  constructor(options: ControlsOptions) {
    this.#options = options;
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
    const { gatewayId, lanes } = this.#options;
    for (const [partition, controls] of this.#waiting) {
      for (let at = 0; at < controls.length; at += controlsPerMessageMax) {
        lanes.toOwner(partition, {
          gatewayId,
          controls: controls.slice(at, at + controlsPerMessageMax),
        });
      }
    }
    this.#waiting.clear();
  }
}
