import { WebSocket } from 'ws';
const [url = '', token = '', socketsText = '200', secondsText = '8', inFlightText = '8'] = process.argv.slice(2);
const tokens = JSON.parse(token) as string[];
let stored = 0, rejected = 0, accepted = 0; const lat: number[] = [];
const sockets = tokens.slice(0, Number(socketsText)).map((t) => {
  const ws = new WebSocket(url, 'rapport.v1.json', { perMessageDeflate: false });
  const deviceId = crypto.randomUUID(); let next = 1; const sent = new Map<number, number>();
  const say = () => { sent.set(next, performance.now()); ws.send(`{"say":{"clientSeq":${next},"id":"${crypto.randomUUID()}","text":"hello there, this is message ${next}"}}`); next += 1; };
  ws.on('open', () => ws.send(JSON.stringify({ hello: { token: t, deviceId } })));
  ws.on('message', (data: Buffer) => {
    const s = data.toString();
    if (s.startsWith('{"receipt"')) {
      const r = JSON.parse(s).receipt;
      if (r.state === 'STORED') { stored += 1; lat.push(performance.now() - (sent.get(r.clientSeq) ?? 0)); sent.delete(r.clientSeq); say(); }
      else if (r.state === 'ACCEPTED') accepted += 1; else { rejected += 1; if (rejected < 3) console.log(s); }
    } else if (s.startsWith('{"welcome"')) for (let i = 0; i < Number(inFlightText); i += 1) say();
    else if (s.startsWith('{"goodbye"') || s.startsWith('{"fault"')) console.log(s);
  });
  return ws;
});
await new Promise((f) => setTimeout(f, 2000));
stored = 0; lat.length = 0; const t0 = performance.now();
await new Promise((f) => setTimeout(f, Number(secondsText) * 1000));
lat.sort((a, b) => a - b);
console.log(`stored/s ${(stored / (performance.now() - t0) * 1000).toFixed(0)} p50 ${lat[lat.length >> 1]?.toFixed(1)} p99 ${lat[Math.floor(lat.length * 0.99)]?.toFixed(1)} rejected ${rejected} accepted ${accepted}`);
for (const ws of sockets) ws.terminate();
