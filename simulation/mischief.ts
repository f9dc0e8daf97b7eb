import type { Chance } from './chance.ts';
import type { Device } from './device.ts';
import type { FaultKind } from './faults.ts';
import type { Gateways } from './gateways.ts';
import type { Hosts } from './hosts.ts';
import type { World } from './world.ts';

const everyMs = 100;

/** Crashes, stalls and cuts of whole processes, connections and tabs. */
export class Mischief {
  readonly #options: {
    readonly world: World;
    readonly hosts: Hosts;
    readonly gateways: Gateways;
    readonly devices: readonly Device[];
  };
  readonly #chance: Chance;
  #ended = false;

  constructor(options: {
    readonly world: World;
    readonly hosts: Hosts;
    readonly gateways: Gateways;
    readonly devices: readonly Device[];
  }) {
    this.#options = options;
    this.#chance = options.world.chance('mischief');
  }

  begin(): void {
    const { world } = this.#options;
    world.time.after(everyMs, () => {
      if (this.#ended) return;
      this.#processes();
      for (const device of this.#options.devices) this.#device(device);
      this.begin();
    });
  }

  end(): void {
    this.#ended = true;
  }

  #processes(): void {
    const { hosts, gateways } = this.#options;
    const host = this.#chance.between(0, hosts.count - 1);
    const gateway = this.#chance.between(0, gateways.running.length - 1);
    if (this.#strikes('host_crash')) hosts.crash(host);
    if (this.#strikes('host_stall')) hosts.stall(host);
    if (this.#strikes('host_cut_off')) hosts.cutOff(host);
    if (this.#strikes('host_leaves')) hosts.leave(host);
    if (this.#strikes('gateway_crash')) gateways.crash(gateway);
    if (this.#strikes('gateway_stall')) gateways.stall(gateway);
    if (this.#strikes('gateway_cut_off')) gateways.cutOff(gateway);
    if (this.#strikes('gateway_leaves')) gateways.leave(gateway);
  }

  #device(device: Device): void {
    const connection = device.connections.at(-1);
    const backMs = this.#chance.between(1, 4_000);
    const stuckMs = this.#chance.between(50, 14_000);
    if (this.#strikes('socket_cut')) connection?.cut();
    if (!device.isHidden && this.#strikes('socket_dead')) connection?.goDead();
    if (this.#strikes('socket_slow')) connection?.stick(stuckMs);
    if (this.#strikes('tab_closed')) this.#reopen(backMs, device, () => device.close());
    if (this.#strikes('tab_killed')) this.#reopen(backMs, device, () => device.kill());
    if (this.#strikes('tab_restored')) this.#reopen(backMs, device, () => device.restore());
  }

  #reopen(afterMs: number, device: Device, leave: () => void): void {
    leave();
    this.#options.world.time.after(afterMs, () => device.open());
  }

  #strikes(kind: FaultKind): boolean {
    return this.#options.world.faults.strikes(kind, everyMs / 1_000);
  }
}
