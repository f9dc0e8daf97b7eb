import { create, toJsonString } from '@bufbuild/protobuf';
import { DownSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDown } from './frame.ts';

test('decodeDown() reads proto3 JSON and fills in what it leaves out', () => {
  const value = { seq: 1, id: 'a', role: Role.COACH, text: 'hi', sources: [{ title: 'T' }] };
  const json = toJsonString(DownSchema, create(DownSchema, { frame: { case: 'message', value } }));
  expect(decodeDown(json)).toMatchObject({
    kind: 'message',
    seq: 1,
    role: 'COACH',
    choices: [],
    sources: [{ title: 'T', url: '' }],
    turnId: '',
  });
  const coach = { people: false };
  const welcome = { kind: 'welcome', topSeq: 0, clientSeqStored: 0, coach };
  expect(decodeDown('{"welcome":{}}')).toMatchObject(welcome);
  expect(decodeDown('{"welcome":{"coach":{"people":true}}}')).toMatchObject({ coach: { people: true } });
});

test('decodeDown() gives undefined for what is no frame, and never throws', () => {
  for (const text of ['', '[]', 'null', '7', '{}', '{"later":{}}', '{"turn":{"state":"NEW_STATE"}}']) {
    expect(decodeDown(text)).toBeUndefined();
  }
  const kinds = fc.constantFrom(
    'welcome',
    'receipt',
    'message',
    'turn',
    'delta',
    'history',
    'fault',
    'goodbye',
    'read',
  );
  fc.assert(
    fc.property(kinds, fc.jsonValue(), (kind, value) => {
      decodeDown(JSON.stringify({ [kind]: value }));
    }),
  );
});
