import { test } from 'vitest';

// For hang-guard.test.ts: no timer of this process ever fires.
test('this test never ends', () => {
  for (;;);
});
