import { uuidPattern } from '@rapport/proto/identity.ts';
import { expect, test } from 'vitest';
import { uuid4, uuid7 } from './uuid.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

test('both are UUIDs of their version, and version 7 sorts by time', () => {
  expect(uuid4(random)).toMatch(uuidPattern);
  expect(uuid4(random)[14]).toBe('4');
  const ids = [1, 2 ** 32 - 1, 2 ** 32, 1_763_676_000_000].map((ms) => uuid7(ms, random));
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
