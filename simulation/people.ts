import type { Chance } from './chance.ts';
import type { Device } from './device.ts';
import type { World } from './world.ts';

/** Longer than the gateway takes. A client that was never welcomed does not know the limit. */
const tooLong = 'x'.repeat(120);

/** The people of a world, and what they do with their devices. */
export class People {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #devices: readonly Device[];
  #untilMs = 0;
  #texts = 0;

  constructor(world: World, devices: readonly Device[]) {
    this.#world = world;
    this.#chance = world.chance('people');
    this.#devices = devices;
  }

  begin(untilMs: number): void {
    this.#untilMs = untilMs;
    for (const device of this.#devices) {
      const paceMs = this.#chance.between(150, 2_500);
      this.#world.time.after(this.#chance.between(0, 500), () => {
        device.open();
        if (this.#chance.happens(0.15)) this.#say(device, tooLong);
        this.#goOn(device, paceMs);
      });
    }
  }

  /** Everybody opens their closed tabs, so that all that was said can be sent. */
  end(): void {
    for (const device of this.#devices) device.open();
  }

  #goOn(device: Device, paceMs: number): void {
    if (this.#world.time.nowMs >= this.#untilMs) return;
    this.#act(device);
    this.#world.time.after(this.#chance.between(1, 2 * paceMs), () => this.#goOn(device, paceMs));
  }

  #act(device: Device): void {
    const roll = this.#chance.next();
    if (roll < 0.5) this.#say(device, '');
    else if (roll < 0.6)
      this.#say(device, '!'); // Wants no answer: see parts.ts.
    else if (roll < 0.7)
      for (let many = this.#chance.between(2, 8); many > 0; many -= 1) this.#say(device, '');
    else if (roll < 0.78) device.use((rapport) => rapport.stop());
    else if (roll < 0.88) device.use((rapport) => rapport.read(rapport.state().topSeq));
    else if (roll < 0.94) device.use((rapport) => rapport.typing(this.#chance.happens(0.5)));
    else device.use((rapport) => rapport.page());
  }

  #say(device: Device, suffix: string): void {
    this.#texts += 1;
    device.say(`${device.name}-${this.#texts}${suffix}`);
  }
}
