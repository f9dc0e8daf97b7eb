import { expect, test } from 'vitest';
import { decodeControls } from './control.ts';

const key = { creatorId: 'demo', userId: 'ann' };

test('decodeControls() leaves out kinds of a newer gateway, and keeps the controls around them', () => {
  const stop = { ...key, kind: 'stop', turnId: 't', more: 'of a later version' };
  const controls = [stop, { ...key, kind: 'of a later version' }, { ...key, kind: 'detach', sockets: 0 }];
  const read = decodeControls(JSON.stringify({ gatewayId: 'g', more: 1, controls }));
  expect(read).toEqual({ gatewayId: 'g', controls: [stop, controls[2]] });
});
