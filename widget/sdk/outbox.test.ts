import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FileOutbox } from '../terminal/outbox-file.ts';
import { idOf, outboxContract } from './outbox.contract.ts';
import { add, decodeDevice, freshDevice, lastNumber, renumber, settle, withdraw } from './outbox.ts';
import { MemoryOutbox } from './outbox-memory.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'outbox-'));
  folders.push(path);
  return path;
}

outboxContract('MemoryOutbox', async () => {
  const outbox = new MemoryOutbox();
  return async () => outbox;
});

outboxContract('FileOutbox', async () => {
  const path = await folder();
  return async () => new FileOutbox(path);
});

const said = (id: string) => ({ id, text: id, choiceId: '', atMs: 1 });
const abc = ['a', 'b', 'c'].reduce((device, id) => add(device, said(id)), freshDevice('d'));
const numbers = ({ unsent }: typeof abc) => unsent.map(({ clientSeq, id }) => `${clientSeq}${id}`);

test('a device numbers from 1 without a hole, whatever is stored, withdrawn or renamed', () => {
  expect(numbers(abc)).toEqual(['1a', '2b', '3c']);
  expect(numbers(settle(abc, 2))).toEqual(['3c']);
  expect(lastNumber(add(settle(abc, 3), said('d')))).toBe(4);
  expect(numbers(withdraw(abc, 'b'))).toEqual(['1a', '2c']);
  expect(numbers(renumber(settle(abc, 1), 'new', new Set(['b'])))).toEqual(['1c']);
  expect(settle(settle(abc, 3), 1).storedUpTo).toBe(3);
});

test('FileOutbox takes over the slot of a process that was killed, and of no living one', async () => {
  const path = await folder();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const slot = await new FileOutbox(path).take('00000000-0000-4000-8000-00000000000a');
  await slot.write(add(slot.device, said(idOf('a'))));
  const [name = ''] = await readdir(path);
  await rename(join(path, name), join(path, name.replace(`.${process.pid}.`, `.${child.pid}.`)));
  expect(await new FileOutbox(path).takeAbandoned('anna')).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect((await new FileOutbox(path).takeAbandoned('anna'))?.device.unsent).toHaveLength(1);
});

test('FileOutbox never shows half a write, and passes over a damaged file', async () => {
  const path = await folder();
  await writeFile(join(path, '00000000-0000-4000-8000-00000000000b.free.json'), '{"deviceId":"x","unse');
  const slot = await new FileOutbox(path).take('00000000-0000-4000-8000-00000000000c');
  expect(slot.device.deviceId).toBe('00000000-0000-4000-8000-00000000000c');
  await Promise.all([slot.write(abc)]);
  const name = (await readdir(path)).find(
    (one) => one.includes(`.${process.pid}.json`) && one.startsWith('00000000-0000-4000-8000-00000000000c'),
  );
  expect(JSON.parse(await readFile(join(path, name ?? ''), 'utf8'))).toEqual(abc);
});

test('decodeDevice() reads what a client wrote, whatever its case and age, and nothing else', () => {
  const deviceId = 'ABCDEF00-0000-4000-8000-00000000000A';
  const say = { clientSeq: 4, id: idOf('a').toUpperCase(), text: 'a', choiceId: '', atMs: 1 };
  const kept = { deviceId, storedUpTo: 3, unsent: [say] };
  expect(decodeDevice(kept)).toEqual({
    deviceId: deviceId.toLowerCase(),
    userId: '',
    storedUpTo: 3,
    unsent: [{ ...say, id: idOf('a') }],
  });
  const damaged = [
    null,
    42,
    'x',
    { ...kept, deviceId: 'x' },
    { ...kept, deviceId: 7 },
    { ...kept, userId: 'Not An Id' },
    { ...kept, storedUpTo: -1 },
    { ...kept, storedUpTo: 1.5 },
    { ...kept, storedUpTo: 2 ** 40 },
    { ...kept, storedUpTo: 4 },
    { ...kept, unsent: [null] },
    { ...kept, unsent: [{ ...say, id: 'x' }] },
    { ...kept, unsent: [{ ...say, text: 5 }] },
    { ...kept, unsent: [{ ...say, text: 'x'.repeat(2_000_000) }] },
  ];
  expect(damaged.map(decodeDevice)).toEqual(damaged.map(() => undefined));
});
