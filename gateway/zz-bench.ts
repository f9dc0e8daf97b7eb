import { spawnSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startRapport } from '../tools/rapport-fixture.ts';
const big = '1000000000';
const r = await startRapport({ env: { GATEWAY_SAYS_PER_WINDOW_MAX: big, GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: big, ...(process.env.PROF ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=/tmp/gw/prof' } : {}) } });
const log = createLog({ name: 'b', level: 'silent' });
const nc = await connectNats({ url: r.natsUrl, name: 'bench', log });
const catalog = await openNatsCatalog(nc, log);
await catalog.putCreator({ creatorId: 'bench', name: 'B', greeting: '', suggestions: [], allowedOrigins: ['*'], answering: 'people', personality: '', unknownAnswer: 'x' });
await new Promise((f) => setTimeout(f, 300));
const tokens: string[] = [];
for (let i = 0; i < 300; i += 1) tokens.push(((await (await fetch(`${r.url}/v1/visitors`, { method: 'POST', body: '{"creatorId":"bench"}' })).json()) as { token: string }).token);
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' '); return (Number(f[13]) + Number(f[14])) * 10; };
for (const [n, inflight] of [[250, 8]] as const) {
  const before = { g: cpu(r.pids.gateway), a: cpu(r.pids.actors), n: cpu(r.pids.nats) };
  const c = spawn(process.execPath, ['gateway/zz-load.ts', r.wsUrl, JSON.stringify(tokens), String(n), '6', String(inflight)], { stdio: 'inherit' });
  await new Promise((f) => c.on('exit', f));
  console.log(n, inflight, 'cpu ms: gateway', cpu(r.pids.gateway) - before.g, 'actors', cpu(r.pids.actors) - before.a, 'nats', cpu(r.pids.nats) - before.n);
}
const m = await (await fetch(`${r.url}/metrics`)).text();
console.log(m.split('\n').filter((l) => /rapport_gateway_(append|lost|att|catch|accepted|says|frames|faults|goodb)/.test(l) && !/bucket|#/.test(l)).join('\n'));
await catalog.close(); await nc.close(); await r.stop();
