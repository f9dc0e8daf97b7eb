/** The floor's stream and subjects in NATS. */
export const floorStream = 'FLOOR';
export const floorInbox = 'floor.inbox';
export const floorRecords = 'floor.records';
export const floorStored = 'floor.stored';

/** A say in the log: the number of the socket, and the client's frame. */
export type FloorSay = readonly [
  socket: number,
  frame: { readonly say: { readonly clientSeq: number; readonly id: string; readonly text: string } },
];

/** The worker's answer to a say: the number of the socket, and the position of the stored message. */
export type FloorStored = readonly [socket: number, clientSeq: number, seq: number];
