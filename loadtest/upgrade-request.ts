import { randomBytes } from 'node:crypto';

/** The bytes with which a client asks a gateway of this machine for a WebSocket. */
export function upgradeRequest({
  port,
  protocol,
}: {
  readonly port: number;
  readonly protocol: string;
}): string {
  const lines = [
    'GET /v1/ws HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${protocol}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
