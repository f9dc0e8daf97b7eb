import { fold } from './fold.ts';
import type { DeviceJournal, PersonRecord, ShownMessage, StoredMessage } from './journal.ts';

/** `lost`: a message is missing. `doubled`: it is there twice. `reordered`: it stands in another place. */
export type ViolationKind = 'lost' | 'doubled' | 'reordered' | 'foreign';

export interface Violation {
  readonly kind: ViolationKind;
  readonly person: string;
  /** The message and what is wrong with it, as a sentence. */
  readonly sentence: string;
}

type Found = Omit<Violation, 'person'>;

/** Compares the journals of devices with the store, and the store with the log. */
export function check(records: readonly PersonRecord[]): readonly Violation[] {
  return records.flatMap((record) =>
    checkPerson(record).map((found) => ({ ...found, person: record.person })),
  );
}

function checkPerson(record: PersonRecord): readonly Found[] {
  const { devices, stored } = record;
  return [
    ...checkNumbers(stored),
    ...repeated(stored.map(({ id }) => id)).map(doubled('is stored twice')),
    ...devices.flatMap((device) => checkSaid(device, stored)),
    ...devices.flatMap((device) => checkReceipts(device, stored)),
    ...devices.flatMap(({ device, views }) => views.flatMap((view) => checkView(device, view, stored))),
    ...devices.flatMap(({ device, views }) => checkLastView(device, views.at(-1) ?? [], stored)),
    ...checkForeign(record),
    ...checkLog(record),
    ...checkAnswers(record),
  ];
}

/** Only the actor gives seqs, so a hole means that a stored message is gone. */
function checkNumbers(stored: readonly StoredMessage[]): readonly Found[] {
  return stored.flatMap(({ seq }, at): readonly Found[] => {
    const before = stored[at - 1]?.seq ?? 0;
    if (seq === before + 1) return [];
    if (seq === before) return [{ kind: 'doubled', sentence: `seq ${seq} is stored twice` }];
    return seq < before
      ? [{ kind: 'reordered', sentence: `the store gives seq ${seq} after ${before}` }]
      : [{ kind: 'lost', sentence: `the store has nothing between seq ${before} and ${seq}` }];
  });
}

function checkSaid({ device, said }: DeviceJournal, stored: readonly StoredMessage[]): readonly Found[] {
  const seqs = new Map(stored.map(({ id, seq }) => [id, seq]));
  const lost = said.filter(({ id }) => !seqs.has(id));
  const there = said
    .flatMap(({ id, text }) => ({ text, seq: seqs.get(id) ?? 0 }))
    .filter(({ seq }) => seq > 0);
  const late = there.filter(({ seq }, at) => seq < (there[at - 1]?.seq ?? 0));
  const texts = new Map(stored.map(({ id, text }) => [id, text]));
  const altered = said.filter(({ id, text }) => texts.has(id) && texts.get(id) !== text);
  return [
    ...lost.map(({ text }): Found => ({ kind: 'lost', sentence: `${device} said "${text}": not stored` })),
    ...altered.map(({ text }): Found => ({ kind: 'lost', sentence: `${device} said "${text}": altered` })),
    ...late.map(({ text }): Found => {
      return { kind: 'reordered', sentence: `${device} said "${text}" later than what is stored after it` };
    }),
  ];
}

/** Checks that the message of each receipt stands where the receipt says. */
function checkReceipts(
  { device, receipts }: DeviceJournal,
  stored: readonly StoredMessage[],
): readonly Found[] {
  const ids = new Map(stored.map(({ seq, id }) => [seq, id]));
  return receipts
    .filter(({ seq, id }) => seq !== 0 && ids.get(seq) !== id)
    .map(({ seq, id }): Found => {
      return { kind: 'lost', sentence: `${device} was told that ${id} is stored as ${seq}: it is not` };
    });
}

/** Checks that each view shows stored messages, in order of seq, with nothing left out once it began. */
function checkView(
  device: string,
  view: readonly ShownMessage[],
  stored: readonly StoredMessage[],
): readonly Found[] {
  const ids = new Map(stored.map(({ seq, id }) => [seq, id]));
  return view.flatMap(({ seq, id }, at): readonly Found[] => {
    const before = view[at - 1]?.seq ?? seq - 1;
    if (ids.get(seq) !== id)
      return [{ kind: 'lost', sentence: `${device} was shown ${id} as ${seq}: not stored` }];
    if (seq === before + 1) return [];
    const shown = `${device} was shown seq ${seq} after ${before}`;
    if (view.slice(0, at).some((earlier) => earlier.seq === seq))
      return [{ kind: 'doubled', sentence: shown }];
    return [{ kind: seq < before ? 'reordered' : 'lost', sentence: shown }];
  });
}

/** Checks that each connected device has seen everything once all is quiet. */
function checkLastView(
  device: string,
  view: readonly ShownMessage[],
  stored: readonly StoredMessage[],
): readonly Found[] {
  const [top, seen] = [stored.at(-1)?.seq ?? 0, view.at(-1)?.seq ?? 0];
  return seen >= top
    ? []
    : [{ kind: 'lost', sentence: `${device} was shown nothing after seq ${seen} of ${top}` }];
}

function checkForeign({ devices, stored }: PersonRecord): readonly Found[] {
  const said = new Set(devices.flatMap((device) => device.said.map(({ id }) => id)));
  return stored
    .filter(({ role, id }) => role === 'USER' && !said.has(id))
    .map(({ seq, text }): Found => ({ kind: 'foreign', sentence: `nobody here said "${text}", seq ${seq}` }));
}

/** Checks that the store holds what the log folds to. */
function checkLog({ logged, stored }: PersonRecord): readonly Found[] {
  const folded = fold(logged);
  const inStore = stored.filter(({ role }) => role === 'USER').map(({ id }) => id);
  const [foldedIds, storedIds] = [new Set(folded), new Set(inStore)];
  const both = inStore.filter((id) => foldedIds.has(id));
  const wanted = folded.filter((id) => storedIds.has(id));
  const moved = both.findIndex((id, at) => wanted[at] !== id);
  return [
    ...repeated(folded).map(doubled('is twice in the log, under two numbers')),
    ...folded
      .filter((id) => !storedIds.has(id))
      .map((id): Found => ({ kind: 'lost', sentence: `${id} is in the log and not in the store` })),
    ...inStore
      .filter((id) => !foldedIds.has(id))
      .map((id): Found => ({ kind: 'foreign', sentence: `${id} is in the store and not in the log` })),
    ...(moved === -1
      ? []
      : [{ kind: 'reordered', sentence: `${both[moved]} stands elsewhere in the log` } as const]),
  ];
}

/** Checks that each turn has one answer, and the last question an answer or a sentence that says why not. */
function checkAnswers({ answered, stored }: PersonRecord): readonly Found[] {
  const answers = stored.filter(({ role }) => role === 'COACH' || role === 'SYSTEM');
  const turns = answers.map(({ turnId }) => turnId).filter((turnId) => turnId !== '');
  const last = stored.at(-1);
  const open: Found = { kind: 'lost', sentence: `nothing answers "${last?.text}"` };
  return [
    ...repeated(turns).map(
      (turnId): Found => ({ kind: 'doubled', sentence: `turn ${turnId} has two answers` }),
    ),
    ...(answered && last?.role === 'USER' ? [open] : []),
  ];
}

function doubled(how: string): (id: string) => Found {
  return (id) => ({ kind: 'doubled', sentence: `${id} ${how}` });
}

function repeated(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const again = ids.filter((id) => seen.has(id) || !seen.add(id));
  return [...new Set(again)];
}
