import { expect, test } from 'vitest';
import { readCassandraUrl } from './cassandra-url.ts';

test('readCassandraUrl() reads servers, keyspace and what may be left out', () => {
  expect(readCassandraUrl('//host/rapport')).toEqual({
    contactPoints: ['host:9042'],
    keyspace: 'rapport',
    dataCenter: 'datacenter1',
    replication: 3,
    credentials: undefined,
    tls: false,
    shown: 'cassandra://host/rapport',
  });
  expect(readCassandraUrl('//10.0.0.1:9043,[fe80::1],b/k_1?dc=eu-west&replication=1&tls=true')).toMatchObject(
    {
      contactPoints: ['10.0.0.1:9043', '[fe80::1]:9042', 'b:9042'],
      keyspace: 'k_1',
      dataCenter: 'eu-west',
      replication: 1,
      tls: true,
    },
  );
});

test('readCassandraUrl() reads a login and shows it to nobody', () => {
  const address = readCassandraUrl('//ann:s%40cret%2F%3A@host/rapport');
  expect(address.credentials).toEqual({ username: 'ann', password: 's@cret/:' });
  expect(address.shown).toBe('cassandra://host/rapport');
});

test.each([
  ['//host', 'it should be cassandra://'],
  ['host/rapport', 'it should be cassandra://'],
  ['///rapport', 'it should be cassandra://'],
  ['//host/Rapport', "Cannot use keyspace 'Rapport'"],
  ['//host/a;drop', "Cannot use keyspace 'a;drop'"],
  ['//host:x/rapport', "Cannot use host 'host:x'"],
  ['//host,/rapport', "Cannot use host ''"],
  ['//ann@host/rapport', 'it should be user:password'],
  ['//ann:%zz@host/rapport', 'it should be percent-encoded'],
  ["//host/rapport?dc=a'b", "Cannot use dc=a'b"],
  ['//host/rapport?replication=0', 'Cannot use replication=0'],
  ['//host/rapport?tls=yes', 'Cannot use tls=yes'],
  ['//host/rapport?datacenter=eu', "Cannot use 'datacenter'"],
])('readCassandraUrl() refuses %s', (rest, sentence) => {
  expect(() => readCassandraUrl(rest)).toThrow(sentence);
});
