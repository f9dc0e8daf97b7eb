import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testing/chromium.ts';
import { idOf, outboxContract } from './outbox.contract.ts';
import type { KeptDevice, Outbox, Slot } from './outbox.ts';

let browser: Browser;
let script: string;
const server = createServer((_, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>A page with storage</title>');
});
const deviceOne = '00000000-0000-4000-8000-000000000001';
const token = 'a.b.c';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'storage-browser.ts')],
    bundle: true,
    format: 'iife',
    globalName: 'rapport',
    write: false,
  });
  script = outputFiles[0]?.text ?? '';
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  server.close();
});

/** A tab of the browser in which the real storage runs; `before` runs in the page before that opens. */
async function openTab(context: BrowserContext, before = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.addScriptTag({ content: script });
  await page.evaluate(
    `(async () => { ${before}; storage = await rapport.browserStorage("scope"); slots = []; })()`,
  );
  return page;
}

/** That tab's outbox, reached from here. */
function outboxOf(page: Page): Outbox {
  const take = async (call: string): Promise<Slot | undefined> => {
    const plain = '(slot) => slot && { at: slots.push(slot) - 1, device: slot.device }';
    const code = `storage.outbox.${call}.then(${plain})`;
    const taken: { at: number; device: KeptDevice } | undefined = await page.evaluate(code);
    return (
      taken && {
        device: taken.device,
        write: (device) => page.evaluate(`slots[${taken.at}].write(${JSON.stringify(device)})`),
        release: () => page.evaluate(`slots[${taken.at}].release()`),
      }
    );
  };
  return {
    take: async (freshDeviceId, userId) => {
      const who = userId === undefined ? 'undefined' : `"${userId}"`;
      const slot = await take(`take("${freshDeviceId}", ${who})`);
      if (!slot) throw new Error('take() gave no slot');
      return slot;
    },
    takeAbandoned: (userId) => take(`takeAbandoned("${userId}")`),
  };
}

const visitorToken = (page: Page, made = token): Promise<string> =>
  page.evaluate(`storage.visitorTokens.replace(async (kept) => kept ?? "${made}")`);
const isForgetful = (page: Page): Promise<boolean> => page.evaluate('storage.isForgetful()');

async function sayIn(page: Page, text: string): Promise<void> {
  const slot = await outboxOf(page).take(deviceOne);
  await slot.write({
    ...slot.device,
    unsent: [{ clientSeq: 1, id: idOf(text), text, choiceId: '', atMs: 1 }],
  });
}

outboxContract('IdbOutbox', async () => {
  const context = await browser.newContext();
  return async () => outboxOf(await openTab(context));
});

test('IdbOutbox gives the slot of a tab that crashed to the next one', async () => {
  const context = await browser.newContext();
  const page = await openTab(context);
  await sayIn(page, 'unsent');
  await page.close({ runBeforeUnload: false });
  const taken = await outboxOf(await openTab(context)).takeAbandoned('anna');
  expect(taken?.device.unsent).toMatchObject([{ text: 'unsent' }]);
});

test('two tabs that open together become one visitor', async () => {
  const context = await browser.newContext();
  const tabs = await Promise.all([openTab(context), openTab(context)]);
  const code = (at: number) =>
    'storage.visitorTokens.replace((kept) => new Promise((ok) => ' +
    `setTimeout(ok, 50, kept ?? 'to.ken.${at}')))`;
  const [one, two] = await Promise.all(tabs.map((tab, at) => tab.evaluate(code(at))));
  expect(one).toBe(two);
});

test.each([
  [
    'IndexedDB throws',
    'IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); }',
  ],
  ['IndexedDB is missing', 'Object.defineProperty(window, "indexedDB", { value: undefined })'],
  [
    'the disk is full',
    'IDBObjectStore.prototype.put = () => { throw new DOMException("", "QuotaExceededError"); }',
  ],
  [
    'Web Locks are refused',
    'LockManager.prototype.request = async () => { throw new DOMException("", "SecurityError"); }',
  ],
  [
    'opening never ends',
    'await new Promise((ok) => { const r = indexedDB.open("rapport", 1); ' +
      'r.onsuccess = () => { window.holder = r.result; ok(); }; });' +
      'indexedDB.deleteDatabase("rapport")',
  ],
])('where %s, the page keeps what it can, and says that it is forgetful', async (_, before) => {
  const page = await openTab(await browser.newContext(), before);
  expect(await visitorToken(page)).toBe(token);
  expect(await visitorToken(page, 'an.other.one')).toBe(token);
  await sayIn(page, 'kept in the page');
  expect(await isForgetful(page)).toBe(true);
});

test('a database of the site with the same name, at any version, is left alone', async () => {
  const context = await browser.newContext();
  const theirs =
    'await new Promise((ok) => { const r = indexedDB.open("rapport", 7); ' +
    'r.onupgradeneeded = () => r.result.createObjectStore("theirs"); ' +
    'r.onsuccess = () => { r.result.close(); ok(); }; })';
  expect(await visitorToken(await openTab(context, theirs))).toBe(token);
  const later = await openTab(context);
  expect(await visitorToken(later, 'an.other.one')).toBe(token);
  expect(await isForgetful(later)).toBe(false);
});

test('a database that is closed or deleted under the page is opened again', async () => {
  const context = await browser.newContext();
  const page = await openTab(context);
  await visitorToken(page);
  const remove =
    'new Promise((ok, no) => { const r = indexedDB.deleteDatabase("rapport"); ' +
    'r.onsuccess = ok; r.onblocked = no; })';
  await page.evaluate(`${remove}.then(() => undefined)`);
  await sayIn(page, 'after the deletion');
  expect(await visitorToken(page, 'an.other.one')).toBe(token);
  expect(await isForgetful(page)).toBe(false);
  // The closing of a connection under the page, as browsers do it when their storage service restarts.
  const session = await context.newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  expect(await visitorToken(page, 'an.other.one')).toBe(token);
  expect(await isForgetful(page)).toBe(false);
});

test.each([
  ['a token that is a number', '["tokens", 42, "scope"]'],
  ['a token of 5 MB', '["tokens", "x".repeat(5e6), "scope"]'],
  ['a device without a UUID', '["devices", { deviceId: "x", storedUpTo: 0, unsent: [] }, ["scope", "a"]]'],
  ['a device of nonsense', '["devices", "nonsense", ["scope", "a"]]'],
])('damaged storage, %s, is begun anew', async (_, put) => {
  const context = await browser.newContext();
  const first = await openTab(context);
  await visitorToken(first);
  await first.evaluate(
    'new Promise((ok) => { const r = indexedDB.open("rapport"); ' +
      `r.onsuccess = () => { const [store, value, key] = ${put}; ` +
      'const t = r.result.transaction(store, "readwrite"); t.objectStore(store).put(value, key); ' +
      't.oncomplete = () => { r.result.close(); ok(); }; }; })',
  );
  const page = await openTab(context);
  expect(await visitorToken(page, 'fre.sh.1')).toBe(put.includes('tokens') ? 'fre.sh.1' : token);
  expect((await outboxOf(page).take(deviceOne)).device.deviceId).toBe(deviceOne);
});
