import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import { buildWidget, widgetBundle } from '../build.ts';
import { ScriptedGateway, ScriptedSocket } from './scripted-gateway.ts';

/** A ScriptedGateway that real browsers reach, and the pages of a site around it. */
export class ServedGateway {
  /** Replace it for a test of its own: conversations do not leave one. */
  gateway = new ScriptedGateway();
  /** HTML by path. The path `/widget.js` is the widget. */
  readonly pages = new Map<string, string>();
  /** Requests to /v1/visitors are answered with this code. */
  visitorRefusal: { readonly status: number; readonly code: string } | undefined;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new WebSocketServer({ server: this.#server });

  async start(): Promise<void> {
    await buildWidget();
    this.#sockets.on('connection', (ws) => {
      if (!this.gateway.reachable) {
        ws.terminate();
        return;
      }
      const socket = new ScriptedSocket(this.gateway);
      socket.onmessage = ({ data }) => ws.send(String(data));
      socket.onclose = ({ code }) => ws.close(code === 1006 ? 1011 : code);
      ws.on('message', (data) => socket.send(String(data)));
      ws.on('close', () => socket.close());
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nobody is connected any more, and nobody may come until `reachable` is set again. */
  goAway(): void {
    this.gateway.reachable = false;
    for (const ws of this.#sockets.clients) ws.terminate();
  }

  async stop(): Promise<void> {
    for (const ws of this.#sockets.clients) ws.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname;
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*, authorization, content-type');
    response.setHeader('cross-origin-resource-policy', 'cross-origin');
    const page = this.pages.get(path);
    if (path.endsWith('/v1/visitors') && request.method === 'POST') await this.#visitor(request, response);
    else if (path.endsWith('/widget.js')) {
      response.setHeader('content-type', 'text/javascript').end(await readFile(widgetBundle));
    } else if (page !== undefined) response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    else response.writeHead(request.method === 'OPTIONS' ? 204 : 404).end();
  }

  async #visitor(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    response.setHeader('content-type', 'application/json');
    if (this.visitorRefusal) {
      const { status, code } = this.visitorRefusal;
      response.writeHead(status).end(JSON.stringify({ code, reason: code }));
      return;
    }
    const headers = { authorization: request.headers.authorization ?? '' };
    const init = { method: 'POST', body, headers: headers.authorization === '' ? {} : headers };
    const answer = await this.gateway.surroundings
      .fetch(new URL('http://x/v1/visitors'), init)
      .catch(() => undefined);
    if (answer === undefined) response.destroy();
    else response.writeHead(answer.status).end(await answer.text());
  }
}
