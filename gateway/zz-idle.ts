import { readFileSync } from 'node:fs';
import { startRapport } from '../tools/rapport-fixture.ts';
import { openTokenKeys } from './token-keys.ts';
import { Tokens } from './tokens.ts';
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
const r = await startRapport({ env: {} });
const tokens = new Tokens({ keys: await openTokenKeys(r.dataDir), lifeS: 3600, jwksUrl: '' });
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${r.pids.gateway}/status`, 'utf8'))?.[1]);
const port = Number(new URL(r.url).port);
const N = Number(process.argv[2] ?? 8000);
const mask = (s: string) => { const p = Buffer.from(s); const k = randomBytes(4); const h = p.length < 126 ? Buffer.from([0x81, 0x80 | p.length]) : Buffer.from([0x81, 0xfe, p.length >> 8, p.length & 255]); for (let i = 0; i < p.length; i += 1) p[i] = (p[i] ?? 0) ^ (k[i & 3] ?? 0); return Buffer.concat([h, k, p]); };
let welcomed = 0;
const socks: ReturnType<typeof connect>[] = [];
const open = async (i: number) => {
  const token = await tokens.issue({ creatorId: 'demo', userId: `u${i}`, role: 'visitor' });
  await new Promise<void>((done, fail) => {
    const s = connect(port, '127.0.0.1'); socks.push(s);
    s.on('error', fail);
    let up = false;
    s.on('connect', () => s.write(`GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: rapport.v1.json\r\n\r\n`));
    s.on('data', (d) => { if (!up) { up = true; s.write(mask(JSON.stringify({ hello: { token, deviceId: crypto.randomUUID(), afterSeq: 0, tail: 50 } }))); } if (d.includes('welcome')) { welcomed += 1; done(); } else if (d.includes('goodbye')) console.log(d.toString()); });
  });
};
// warm
for (let i = 0; i < 500; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => open(i + j)));
await new Promise((f) => setTimeout(f, 3000));
const base = rss(); const t0 = performance.now();
for (let i = 500; i < N + 500; i += 100) await Promise.all(Array.from({ length: 100 }, (_, j) => open(i + j)));
console.log('opened', welcomed, 'in', performance.now() - t0);
for (let k = 0; k < 4; k += 1) { await new Promise((f) => setTimeout(f, 4000)); console.log('rss/conn', ((rss() - base) * 1024 / N).toFixed(0), 'rss MB', (rss() / 1024).toFixed(0)); }
for (const s of socks) s.destroy();
await r.stop();
