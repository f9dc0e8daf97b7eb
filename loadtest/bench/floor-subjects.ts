/** The floor's own names in NATS. */
export const floorStream = 'FLOOR';
export const floorInbox = 'floor.inbox';
export const floorRecords = 'floor.records';
export const floorStored = 'floor.stored';

/** A say as it stands in the log: which socket, and the client's own frame. */
export type FloorSay = readonly [
  socket: number,
  frame: { readonly say: { readonly clientSeq: number; readonly id: string; readonly text: string } },
];

/** What the worker says back: the socket, and the position of its say. */
export type FloorStored = readonly [socket: number, clientSeq: number, seq: number];
