import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { serveHealth } from './health.ts';
import { Metrics } from './metrics.ts';

test('the health port tells why a process is not ready, and its answers are of no other type', async () => {
  const ready = async () => {
    throw new Error('NATS is away');
  };
  const health = await serveHealth({ metrics: new Metrics('test'), ready, host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${health.port}`;
  const answers = await Promise.all(['/livez', '/readyz', '/metrics', '/x'].map((path) => fetch(url + path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 503, 200, 404]);
  expect(await answers[1]?.text()).toBe('NATS is away\n');
  for (const { headers } of answers) expect(headers.get('x-content-type-options')).toBe('nosniff');
  await health.stop();
});

test('the health port answers a client that closes its half, and HTTP/1.0', async () => {
  const ready = async () => undefined;
  const health = await serveHealth({ metrics: new Metrics('test'), ready, host: '127.0.0.1', port: 0 });
  const told = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect({ port: health.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.on('end', () => resolve(text));
    socket.end('GET /readyz HTTP/1.0\r\n\r\n');
  });
  expect(told).toMatch(/^HTTP\/1\.1 200/);
  await health.stop();
});
