import { limits } from '@rapport/proto/limits.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Allowance, fullAllowance } from '../sockets/allowance.ts';
import { admit } from './admit.ts';

const good = {
  kind: 'say' as const,
  clientSeq: 1,
  id: '018f0000-0000-7000-8000-000000000001',
  text: 'hello',
  choiceId: '',
};
const given = { appending: 0, allowance: fullAllowance, nowMs: 1_000, limits };

test('admit() takes a say and counts it', () => {
  expect(admit(good, given)).toEqual({ ok: true, allowance: { says: 19, atMs: 1_000 } });
});

test.each([
  ['text_empty', { text: '' }],
  ['text_empty', { text: ' \n\t ' }],
  ['text_empty', { text: '\u00a0\u200b\u2060\ufeff\u00ad\u3164\u2800\u0000' }],
  ['text_too_long', { text: 'x'.repeat(8_001) }],
  ['bad_frame', { clientSeq: 0 }],
  ['bad_frame', { id: '7' }],
  ['bad_frame', { choiceId: 'x'.repeat(129) }],
])('admit() refuses with %s', (code, changed) => {
  expect(admit({ ...good, ...changed }, given)).toMatchObject({ ok: false, code });
});

test('admit() takes a text that only holds an emoji with joiners', () => {
  expect(admit({ ...good, text: '\u200b👩‍👧\ufe0f' }, given).ok).toBe(true);
});

test('admit() takes a text of exactly the length that is allowed', () => {
  expect(admit({ ...good, text: 'x'.repeat(8_000) }, given).ok).toBe(true);
});

test('admit() refuses what is too much in flight', () => {
  expect(admit(good, { ...given, appending: 15 }).ok).toBe(true);
  expect(admit(good, { ...given, appending: 16 })).toMatchObject({ code: 'too_many_in_flight' });
});

test('admit() says when the next say may come, and then takes it', () => {
  let allowance: Allowance = fullAllowance;
  for (let says = 0; says < 20; says += 1) {
    const verdict = admit(good, { ...given, allowance });
    if (verdict.ok) allowance = verdict.allowance;
  }
  const refused = admit(good, { ...given, allowance });
  expect(refused).toMatchObject({ ok: false, code: 'too_fast', retryAfterMs: 500 });
  expect(admit(good, { ...given, allowance, nowMs: 1_499 }).ok).toBe(false);
  expect(admit(good, { ...given, allowance, nowMs: 1_500 }).ok).toBe(true);
});

test('admit() never lets through more than the limit and its share of the time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (waits) => {
      let allowance: Allowance = fullAllowance;
      let nowMs = 0;
      let taken = 0;
      for (const wait of waits) {
        nowMs += wait;
        const verdict = admit(good, { ...given, allowance, nowMs });
        if (!verdict.ok) continue;
        allowance = verdict.allowance;
        taken += 1;
      }
      expect(taken).toBeLessThanOrEqual(20 + (nowMs * 20) / 10_000 + 1e-6);
    }),
  );
});
