import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { checkedCreator } from '@rapport/catalog/checked.ts';
import { demoFolder } from '@rapport/catalog/demo.ts';
import { readKnowledge } from '@rapport/catalog/knowledge-folder.ts';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { Library } from './library.ts';
import { createExtractiveModel } from './model-extractive.ts';
import { queryOf } from './query.ts';
const creator = checkedCreator(JSON.parse(readFileSync(`${demoFolder}/creator.json`, 'utf8')));
const catalog = createMemoryCatalog();
for (const d of await readKnowledge(`${demoFolder}/knowledge`, { creatorId: creator.creatorId, origin: 'e' })) await catalog.putDocument(d);
const library = new Library(createLog({ name: 'e', level: 'error' }));
await library.follow(catalog);
const model = createExtractiveModel({ clock: systemClock, deltaMs: 0 });
const detail = process.argv[3] === '-v';
const qs = (process.argv[2] ?? '').startsWith('/') ? readFileSync(process.argv[2] ?? '', 'utf8').trim().split('\n') : [process.argv[2] ?? ''];
for (const q of qs) {
  const messages = q.split(' | ').map((text) => create(MessageSchema, { role: Role.USER, text }));
  const found = library.find(creator.creatorId, queryOf(messages));
  let t = '', s = '';
  for await (const p of model.answer({ creator, messages, found }, AbortSignal.timeout(9999))) {
    if (p.kind === 'delta') t += p.text;
    if (p.kind === 'citation') s += p.source.documentId;
  }
  console.log(`Q: ${q}\n   [${s}] ${t.replace(/\n+/g, ' // ')}`);
  if (detail) { console.log([...found.weights]); for (const m of found.matches) console.log('     ', m.score.toFixed(1), m.passage.id_, m.passage.metadata.heading, m.terms.join(',')); }
}
