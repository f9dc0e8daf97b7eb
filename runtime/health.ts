import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/**
 * The health and meters of a process. `ready` resolves when the process can do its work, and throws the
 * reason when it cannot.
 */
export interface Health {
  readonly metrics: Metrics;
  readonly ready: () => Promise<void>;
}

/** Body and status for /livez, /readyz or /metrics; undefined for any other path. */
async function answerHealth(
  path: string,
  health: Health,
): Promise<{ status: number; type: string; body: string } | undefined> {
  const plain = 'text/plain; charset=utf-8';
  switch (path) {
    case '/livez':
      return { status: 200, type: plain, body: 'ok\n' };
    case '/readyz':
      try {
        await health.ready();
        return { status: 200, type: plain, body: 'ok\n' };
      } catch (failure) {
        return {
          status: 503,
          type: plain,
          body: `${failure instanceof Error ? failure.message : String(failure)}\n`,
        };
      }
    case '/metrics':
      return {
        status: 200,
        type: health.metrics.registry.contentType,
        body: await health.metrics.registry.metrics(),
      };
    default:
      return undefined;
  }
}

/** Serves the three on their own port, for processes that serve nothing else. Port 0 takes a free one. */
export async function serveHealth(
  options: Health & { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    void respond(request.url ?? '/', options, response); // respond() answers its own failures.
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function respond(path: string, health: Health, response: ServerResponse): Promise<void> {
  try {
    const answer = await answerHealth(path, health);
    const type = answer?.type ?? 'text/plain; charset=utf-8';
    response
      .writeHead(answer?.status ?? 404, { 'content-type': type, 'x-content-type-options': 'nosniff' })
      .end(answer?.body ?? 'There is nothing here.\n');
  } catch (failure) {
    response.writeHead(500).end(String(failure));
  }
}
