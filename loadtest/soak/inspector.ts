import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/** What a Node process has to be started with (NODE_OPTIONS), so that its inspector can be opened. */
export const inspectable = '--inspect=127.0.0.1:0';

/** A door into a Node process: for what its own meters can not tell. */
export interface Inspector {
  /** Collects all garbage, then says how much of the heap is in use. */
  heapBytes(): Promise<number>;
  close(): void;
}

/** `logPath` is where the process's standard error went: Node says there where its inspector is. */
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

/** One call at a time, so the next answer is its answer. */
async function call(socket: WebSocket, id: number, method: string): Promise<Result> {
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(30_000) });
  socket.send(JSON.stringify({ id, method }));
  const [{ data }] = await answered;
  // Decoder: Node's own answer.
  const answer = JSON.parse(data) as { readonly id?: number; readonly result?: Result };
  if (answer.id !== id || answer.result === undefined) throw new Error(`Cannot call ${method}: ${data}`);
  return answer.result;
}
