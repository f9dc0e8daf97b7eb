import { limits } from '@rapport/proto/limits.ts';
import { readOptions } from '@rapport/runtime/options.ts';
import { expect, test } from 'vitest';
import { gatewayOptions, limitsOf } from './config.ts';

test('limitsOf() gives the contract as it stands when nothing is set', () => {
  expect(limitsOf(readOptions(gatewayOptions, {}))).toEqual(limits);
});

test('every limit of a gateway has its option, and each option its limit', () => {
  const env: Record<string, string> = {};
  for (const name of Object.keys(gatewayOptions)) if (/_(MAX|SOFT)$|_MS$/.test(name)) env[name] = '54321';
  for (const small of ['GATEWAY_PAGE_MESSAGES_MAX']) env[small] = '54';
  const set = limitsOf(readOptions(gatewayOptions, env));
  const elsewhere = ['devicesMax', 'apiDevicesMax', 'stateBytesTarget', 'turnDeadlineMs', 'turnAttemptsMax'];
  const unset = Object.entries(set).filter(([, value]) => value !== 54_321 && value !== 54);
  expect(unset.map(([name]) => name)).toEqual(elsewhere);
  const notLimits = ['GATEWAY_ACCEPTED_AFTER_MS', 'GATEWAY_DRAIN_MS'];
  expect(Object.keys(env).length - notLimits.length).toBe(Object.keys(limits).length - elsewhere.length);
});

test('GATEWAY_HOST_NAMES takes names with commas between them, and nothing else', () => {
  const read = (given: string) =>
    readOptions(gatewayOptions, { GATEWAY_HOST_NAMES: given }).GATEWAY_HOST_NAMES;
  expect(read('')).toEqual([]);
  expect(read('chat.example, 127.0.0.1,[::1]')).toEqual(['chat.example', '127.0.0.1', '[::1]']);
  for (const wrong of ['https://chat.example', 'chat.example:8080', 'a,,b', '*.example']) {
    expect(() => read(wrong)).toThrow('GATEWAY_HOST_NAMES');
  }
});
