import * as uWS from 'uWebSockets.js';
import { createLog } from '@rapport/runtime/log.ts';
import { runService } from '@rapport/runtime/service.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { type FloorStored, floorInbox, floorStored } from './floor-subjects.ts';

// The floor's gateway: sockets in, one coalesced durable append at a time, sockets out. It checks nothing.
interface Session {
  readonly id: number;
  greeted: boolean;
}

const welcome = JSON.stringify({ welcome: {} });

await runService(async () => {
  const log = createLog({ name: 'floor-gateway', level: 'warn' });
  const nc = await connectNats({ url: process.env.NATS_URL ?? '', name: 'floor-gateway', log });
  const sockets = new Map<number, uWS.WebSocket<Session>>();
  const append = createAppender(async (payload) => {
    await nc.request(floorInbox, payload, { timeout: 10_000 });
  });
  nc.subscribe(floorStored, {
    callback: (_failure, message) => {
      for (const [id, clientSeq, seq] of message.json<readonly FloorStored[]>()) {
        const receipt = `{"receipt":{"clientSeq":${clientSeq},"state":"STORED","seq":${seq}}}`;
        sockets.get(id)?.send(receipt, false, false);
      }
    },
  });
  let lastId = 0;
  const app = uWS.App().ws<Session>('/v1/ws', {
    upgrade: (response, request, context) => {
      const key = request.getHeader('sec-websocket-key');
      const protocol = request.getHeader('sec-websocket-protocol');
      lastId += 1;
      response.upgrade<Session>({ id: lastId, greeted: false }, key, protocol, '', context);
    },
    open: (socket) => void sockets.set(socket.getUserData().id, socket),
    message: (socket, bytes) => {
      const session = socket.getUserData();
      if (session.greeted) append(`[${session.id},${Buffer.from(bytes).toString()}]`);
      else socket.send(welcome, false, false);
      session.greeted = true;
    },
    close: (socket) => void sockets.delete(socket.getUserData().id),
  });
  const listening = await new Promise<uWS.us_listen_socket | false>((resolve) => {
    app.listen('127.0.0.1', 0, resolve);
  });
  if (listening === false) throw new Error('Cannot listen on 127.0.0.1');
  return {
    ready: { port: uWS.us_socket_local_port(listening) },
    stop: async () => {
      app.close();
      await nc.close();
    },
  };
});

/** Entries that arrive while an append is under way go into the next append. */
function createAppender(send: (payload: string) => Promise<void>): (entry: string) => void {
  let waiting: string[] = [];
  let sending = false;
  const flush = async () => {
    while (waiting.length > 0) {
      const entries = waiting;
      waiting = [];
      await send(`[${entries.join()}]`);
    }
    sending = false;
  };
  return (entry) => {
    waiting.push(entry);
    if (sending) return;
    sending = true;
    setImmediate(() => void flush()); // A failed append ends the process: the floor does not retry.
  };
}
