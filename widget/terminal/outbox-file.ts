import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  belongsTo,
  decodeDevice,
  freshDevice,
  type KeptDevice,
  type Outbox,
  type Slot,
} from '../sdk/outbox.ts';

/**
 * Keeps devices in a folder, one file each, for Node. The file's name says who holds it, `<slot>.<pid>.json`
 * or `<slot>.free.json`, so that taking a slot is one atomic rename that only one process can win; there is
 * no lock file to go stale. A pid that was given to another process in the meantime hides a slot until that
 * process ends.
 */
export class FileOutbox implements Outbox {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async take(freshDeviceId: string, userId?: string): Promise<Slot> {
    const free = await this.#free(userId);
    const abandoned = free.filter(({ device }) => device.unsent.length > 0);
    for (const { name } of [...abandoned, ...free]) {
      const slot = await this.#claim(name);
      if (slot) return slot;
    }
    const path = this.#path(`${freshDeviceId}.${process.pid}.json`);
    const device = freshDevice(freshDeviceId);
    await replace(path, JSON.stringify(device));
    return this.#held(path, device);
  }

  async takeAbandoned(userId: string): Promise<Slot | undefined> {
    for (const { name, device } of await this.#free(userId)) {
      const slot = device.unsent.length > 0 ? await this.#claim(name) : undefined;
      if (slot) return slot;
    }
    return undefined;
  }

  /** The devices that no living process holds and `userId` may use. */
  async #free(userId?: string): Promise<readonly { readonly name: string; readonly device: KeptDevice }[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).filter((name) => {
      const holder = /^[0-9a-f-]+\.(free|\d+)\.json$/.exec(name)?.[1];
      return holder !== undefined && (holder === 'free' || !alive(Number(holder)));
    });
    const read = await Promise.all(
      names.map(async (name) => ({ name, device: await readDevice(this.#path(name)) })),
    );
    return read.flatMap(({ name, device }) =>
      device && belongsTo(device, userId) ? [{ name, device }] : [],
    );
  }

  async #claim(name: string): Promise<Slot | undefined> {
    const path = this.#path(`${name.split('.')[0]}.${process.pid}.json`);
    try {
      await rename(this.#path(name), path);
    } catch {
      return undefined; // Another process was faster.
    }
    const device = await readDevice(path);
    return device && this.#held(path, device);
  }

  #held(path: string, device: KeptDevice): Slot {
    return {
      device,
      write: (next) => replace(path, JSON.stringify(next)),
      release: () => rename(path, path.replace(/\.\d+\.json$/, '.free.json')),
    };
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

/** Puts `text` where `path` is, in one step that survives a power failure: file and folder are synced. */
export async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(join(path, '..'));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readDevice(path: string): Promise<KeptDevice | undefined> {
  try {
    return decodeDevice(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // The file is gone or damaged. A damaged one is left alone.
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return failure instanceof Error && 'code' in failure && failure.code === 'EPERM';
  }
}
