import { expect, test } from 'vitest';
import { openTestGateway, TestClient } from '../testing/gateway-fixture.ts';

const reasons = (clients: readonly TestClient[]) => clients.map(({ wire }) => wire.ended?.reason);

test('one socket without hello more than an address may have closes its oldest', async () => {
  const { gateway } = await openTestGateway({ socketsWithoutHelloPerAddressMax: 2 });
  const open = (address: string) => new TestClient(gateway, { address });
  const [first, other, second] = [open('192.0.2.1'), open('192.0.2.2'), open('192.0.2.1')];
  expect(reasons([first, other, second])).toEqual([undefined, undefined, undefined]);
  const third = open('192.0.2.1');
  expect(reasons([first, other, second, third])).toEqual([
    'hello_timeout',
    ...[undefined, undefined, undefined],
  ]);
});

test('one more than all may be closes the oldest of all', async () => {
  const { gateway } = await openTestGateway({ socketsWithoutHelloMax: 2 });
  const all = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => new TestClient(gateway, { address }));
  expect(reasons(all)).toEqual(['hello_timeout', undefined, undefined]);
});

test('a socket that said hello or left does not count', async () => {
  const { gateway } = await openTestGateway({ socketsWithoutHelloPerAddressMax: 1 });
  const first = await new TestClient(gateway).hello();
  const second = new TestClient(gateway);
  second.close();
  const third = new TestClient(gateway);
  expect(reasons([first, third])).toEqual([undefined, undefined]);
});
