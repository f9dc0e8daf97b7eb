import { startRapport } from '../tools/rapport-fixture.ts';

const r = await startRapport({ env: { LOG_LEVEL: 'debug' } });
console.log('up', r.url, r.pids);
try {
  const res = await fetch(`${r.url}/v1/visitors`, {
    method: 'POST',
    body: JSON.stringify({ creatorId: 'demo' }),
  });
  const { token, userId } = (await res.json()) as { token: string; userId: string };
  console.log(res.status, userId, token.length);
  const ws = new WebSocket(r.wsUrl, 'rapport.v1.json');
  const deviceId = crypto.randomUUID();
  const t0 = performance.now();
  ws.onmessage = (e) => console.log((performance.now() - t0).toFixed(1), String(e.data).slice(0, 300));
  ws.onclose = (e) => console.log('close', e.code, e.reason);
  ws.onopen = () => ws.send(JSON.stringify({ hello: { token, deviceId, afterSeq: 0, tail: 50 } }));
  await new Promise((f) => setTimeout(f, 1000));
  ws.send(
    JSON.stringify({ say: { clientSeq: 1, id: crypto.randomUUID(), text: 'how long should a nap be' } }),
  );
  await new Promise((f) => setTimeout(f, 2500));
  ws.send('{"say":{"clientSeq":"x"}}');
  ws.send('nonsense');
  ws.send('{"page":{"limit":1}}');
  ws.send('{"read":{"seq":2}}');
  await new Promise((f) => setTimeout(f, 500));
  const say = { deviceId: crypto.randomUUID(), clientSeq: 1, id: crypto.randomUUID(), text: 'api hello' };
  const p = await fetch(`${r.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(say),
  });
  console.log(p.status, await p.text());
  const g = await fetch(`${r.url}/v1/messages?afterSeq=0&limit=2`, {
    headers: { authorization: `Bearer ${token}` },
  });
  console.log(g.status, (await g.text()).slice(0, 300));
  for (const path of [
    '/',
    '/widget.js',
    '/learn/naps',
    '/livez',
    '/readyz',
    '/metrics',
    '/x',
    '/v1/visitors',
  ]) {
    const a = await fetch(r.url + path);
    console.log(path, a.status, a.headers.get('content-type'), (await a.text()).length);
  }
  const ws2 = new WebSocket(r.wsUrl, 'nope');
  ws2.onclose = (e) => console.log('ws2 close', e.code, e.reason);
  ws2.onmessage = (e) => console.log('ws2', e.data);
  ws2.onerror = (e) => console.log('ws2 error', (e as ErrorEvent).message);
  await new Promise((f) => setTimeout(f, 700));
} finally {
  const t = performance.now();
  await r.stop();
  console.log('stopped in', performance.now() - t, r.told.slice(-6));
}
