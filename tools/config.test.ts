import { expect, test } from 'vitest';
import { readStartSettings } from './config.ts';

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
