import { expect, test } from 'vitest';
import { readStartSettings, withArguments } from './config.ts';

test('PORT_BASE moves all ports, and one that is named stays where it was put', () => {
  const { GATEWAY_PORT, INFERENCE_PORT, NATS_PORT } = readStartSettings({
    PORT_BASE: '9000',
    INFERENCE_PORT: '7000',
  });
  expect([GATEWAY_PORT, INFERENCE_PORT, NATS_PORT]).toEqual([9000, 7000, 9002]);
});

test('without PORT_BASE the ports are the documented ones', () => {
  const { GATEWAY_PORT, INFERENCE_PORT, NATS_PORT } = readStartSettings({});
  expect([GATEWAY_PORT, INFERENCE_PORT, NATS_PORT]).toEqual([8080, 50051, 0]);
});

test('arguments go before the environment', () => {
  const counts = (...args: string[]) => {
    const { ACTORS, GATEWAYS } = readStartSettings(withArguments({ ACTORS: '2' }, args));
    return [ACTORS, GATEWAYS];
  };
  expect(counts()).toEqual([2, 1]);
  expect(counts('--actors', '3', '--gateways=2')).toEqual([3, 2]);
});

test.each([['--actors'], ['--actors', 'many'], ['--actors', '0'], ['--hosts', '3'], ['3']])(
  'wrong arguments are one sentence: %s %s',
  (...args) => {
    expect(() => readStartSettings(withArguments({}, args))).toThrow(/^Cannot use .*: it should be .*$/);
  },
);
