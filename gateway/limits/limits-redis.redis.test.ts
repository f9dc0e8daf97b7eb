import { createLog } from '@rapport/runtime/log.ts';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startTestRedis, type TestRedis } from '../testing/redis-fixture.ts';
import { describePersonLimits } from './limits.contract.ts';
import { RedisLimits } from './limits-redis.ts';

let redis: TestRedis;
let opened = 0;

beforeAll(async () => {
  redis = await startTestRedis();
});
beforeEach(() => redis.restart());
afterAll(() => redis.stop());

describePersonLimits('RedisLimits', (options) => {
  opened += 1;
  const log = createLog({ name: 'test', level: 'silent' });
  return new RedisLimits({ ...options, url: redis.url, gatewayId: `g${opened}`, log });
});
