import { expect, test } from 'vitest';
import { check } from './checker.ts';
import type { DeviceJournal, LoggedSay, PersonRecord, StoredMessage } from './journal.ts';

const user = (seq: number, id: string): StoredMessage => ({
  seq,
  id,
  role: 'USER',
  text: `text ${id}`,
  turnId: '',
});
const coach = (seq: number, turnId: string): StoredMessage => {
  return { seq, id: `answer ${seq}`, role: 'COACH', text: 'Sleep more.', turnId };
};
const say = (deviceId: string, clientSeq: number, id: string): LoggedSay => ({ deviceId, clientSeq, id });
const said = (...ids: string[]) => ids.map((id, at) => ({ id, text: `text ${id}`, atMs: at }));
const seen = (stored: readonly StoredMessage[]) => stored.map(({ seq, id }) => ({ seq, id }));

const stored = [user(1, 'a'), user(2, 'x'), user(3, 'b')];

/** Two devices, three says, everything as it should be. */
function record(changes: Partial<PersonRecord> = {}, phone: Partial<DeviceJournal> = {}): PersonRecord {
  const views = [seen(stored)];
  const none = { receipts: [], connections: [], views };
  return {
    person: 'ann',
    answered: false,
    stored,
    logged: [say('p', 1, 'a'), say('l', 1, 'x'), say('p', 2, 'b')],
    devices: [
      { ...none, device: 'phone', said: said('a', 'b'), ...phone },
      { ...none, device: 'laptop', said: said('x') },
    ],
    ...changes,
  };
}

const kinds = (given: PersonRecord) => check([given]).map(({ kind }) => kind);
const sentences = (given: PersonRecord) => check([given]).map(({ sentence }) => sentence);

test('nothing is found where nothing is wrong', () => {
  const receipts = [
    { id: 'a', seq: 1, atMs: 5 },
    { id: 'a', seq: 1, atMs: 6 },
    { id: 'b', seq: 0, atMs: 7 },
  ];
  const views = [seen(stored.slice(0, 1)), seen(stored.slice(1))];
  expect(check([record({}, { receipts, views })])).toEqual([]);
});

test('a say that was promised and is not stored is lost', () => {
  expect(sentences(record({}, { said: said('a', 'b', 'c') }))).toEqual(['phone said "text c": not stored']);
});

test('a say that is stored with another text is lost', () => {
  expect(kinds(record({}, { said: [{ id: 'a', text: 'other', atMs: 0 }, ...said('b')] }))).toEqual(['lost']);
});

test('a say that is stored twice is doubled', () => {
  const twice = [...stored, user(4, 'a')];
  const given = record({ stored: twice }, { views: [seen(twice)] });
  expect(kinds(given)).toContain('doubled');
});

test('a say under two numbers in the log is doubled', () => {
  const logged = [...record().logged, say('renamed', 1, 'a')];
  expect(sentences(record({ logged }))).toContain('a is twice in the log, under two numbers');
});

test('a device whose says are stored in another order is reordered', () => {
  expect(kinds(record({}, { said: said('b', 'a') }))).toEqual(['reordered']);
});

test('a store in another order than the log is reordered', () => {
  const logged = [say('l', 1, 'x'), say('p', 1, 'a'), say('p', 2, 'b')];
  expect(sentences(record({ logged }))).toEqual(['a stands elsewhere in the log']);
});

test('repetitions and gaps of the log are not taken', () => {
  const logged = [say('p', 1, 'a'), say('p', 1, 'a'), say('p', 3, 'z'), say('l', 1, 'x'), say('p', 2, 'b')];
  expect(check([record({ logged })])).toEqual([]);
});

test('what is in the log and not in the store is lost', () => {
  const logged = [...record().logged, say('l', 2, 'y')];
  expect(sentences(record({ logged }))).toEqual(['y is in the log and not in the store']);
});

test('what is in the store and not in the log, and nobody said, is foreign', () => {
  const given = [...stored, user(4, 'other')];
  const devices = record().devices.map((device) => ({ ...device, views: [seen(given)] }));
  expect(kinds(record({ stored: given, devices }))).toEqual(['foreign', 'foreign']);
});

test('a hole in the store is lost, a number twice is doubled', () => {
  const hole = [user(1, 'a'), user(3, 'x'), user(4, 'b')];
  const twice = [user(1, 'a'), user(1, 'x'), user(2, 'b')];
  expect(sentences(record({ stored: hole }))).toContain('the store has nothing between seq 1 and 3');
  expect(sentences(record({ stored: twice }))).toContain('seq 1 is stored twice');
});

test('a receipt that names another message is a lost one', () => {
  expect(kinds(record({}, { receipts: [{ id: 'a', seq: 2, atMs: 0 }] }))).toEqual(['lost']);
});

test.each([
  { what: 'a hole', seqs: [1, 3], kind: 'lost' },
  { what: 'a message twice', seqs: [1, 2, 2, 3], kind: 'doubled' },
  { what: 'a message too late', seqs: [2, 1, 2, 3], kind: 'reordered' },
])('$what in what a device was shown is $kind', ({ seqs, kind }) => {
  const view = seqs.map((seq) => ({ seq, id: stored[seq - 1]?.id ?? '' }));
  expect(kinds(record({}, { views: [view] }))).toContain(kind);
});

test('a message that was shown and is not stored is lost', () => {
  const views = [[...seen(stored), { seq: 4, id: 'gone' }]];
  expect(sentences(record({}, { views }))).toEqual(['phone was shown gone as 4: not stored']);
});

test('a device that is not shown the end is one that lost it, but only in its last life', () => {
  const [start, whole] = [seen(stored.slice(0, 2)), seen(stored)];
  expect(kinds(record({}, { views: [whole, start] }))).toEqual(['lost']);
  expect(check([record({}, { views: [start, whole] })])).toEqual([]);
});

test('a question without an answer is lost, one with two answers doubled', () => {
  const open = record({ answered: true });
  const answers = [...stored, coach(4, 't'), coach(5, 't')];
  const devices = open.devices.map((device) => ({ ...device, views: [seen(answers)] }));
  expect(sentences(open)).toEqual(['nothing answers "text b"']);
  expect(sentences({ ...open, stored: answers, devices })).toEqual(['turn t has two answers']);
});
