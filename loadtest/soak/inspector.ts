import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/** NODE_OPTIONS of a process whose inspector is to be opened. */
export const inspectable = '--inspect=127.0.0.1:0';

/** A connection to the inspector of a Node process, for figures that its meters do not have. */
export interface Inspector {
  /** Bytes of the heap that are in use after a full garbage collection. */
  heapBytes(): Promise<number>;
  close(): void;
}

/** `logPath` holds the standard error of the process: Node prints the address of its inspector there. */
export async function openInspector(logPath: string): Promise<Inspector> {
  const said = await readFile(logPath, 'utf8');
  const url = [...said.matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1];
  if (url === undefined) throw new Error(`Cannot find an inspector in ${logPath}: it should say where it is`);
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return {
    heapBytes: async () => {
      await call(socket, 1, 'HeapProfiler.collectGarbage');
      const { usedSize = 0 } = await call(socket, 2, 'Runtime.getHeapUsage');
      return usedSize;
    },
    close: () => socket.close(),
  };
}

interface Result {
  readonly usedSize?: number;
}

/** Calls are made one at a time, so the next answer belongs to this call. */
async function call(socket: WebSocket, id: number, method: string): Promise<Result> {
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(30_000) });
  socket.send(JSON.stringify({ id, method }));
  const [{ data }] = await answered;
  // Decoder: Node sends no other shape.
  const answer = JSON.parse(data) as { readonly id?: number; readonly result?: Result };
  if (answer.id !== id || answer.result === undefined) throw new Error(`Cannot call ${method}: ${data}`);
  return answer.result;
}
