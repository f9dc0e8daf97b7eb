import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testing/chromium.ts';
import { outboxContract } from './outbox.contract.ts';
import type { KeptDevice, Outbox, Slot } from './outbox.ts';

let browser: Browser;
let script: string;
const server = createServer((_, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>A page with storage</title>');
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const entryPoints = [join(import.meta.dirname, 'outbox-idb.ts')];
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    format: 'iife',
    globalName: 'idb',
    write: false,
  });
  script = outputFiles[0]?.text ?? '';
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  server.close();
});

/** A tab of the browser in which the real outbox runs. */
async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.addScriptTag({ content: script });
  await page.evaluate(
    'idb.openBrowserStorage("scope", navigator.locks).then((it) => { storage = it; slots = []; })',
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
    take: async (freshDeviceId) => {
      const slot = await take(`take("${freshDeviceId}")`);
      if (!slot) throw new Error('take() gave no slot');
      return slot;
    },
    takeAbandoned: () => take('takeAbandoned()'),
  };
}

outboxContract('IdbOutbox', async () => {
  const context = await browser.newContext();
  return async () => outboxOf(await openTab(context));
});

test('IdbOutbox gives the slot of a tab that crashed to the next one', async () => {
  const context = await browser.newContext();
  const page = await openTab(context);
  const slot = await outboxOf(page).take('00000000-0000-4000-8000-000000000001');
  await slot.write({
    ...slot.device,
    unsent: [{ clientSeq: 1, id: 'a', text: 'unsent', choiceId: '', atMs: 1 }],
  });
  await page.close({ runBeforeUnload: false });
  const taken = await outboxOf(await openTab(context)).takeAbandoned();
  expect(taken?.device.unsent).toMatchObject([{ text: 'unsent' }]);
});

test('two tabs that open together become one visitor', async () => {
  const context = await browser.newContext();
  const tabs = await Promise.all([openTab(context), openTab(context)]);
  const code = (at: number) =>
    `storage.visitorTokens.replace(undefined, () => new Promise((ok) => setTimeout(ok, 50, 'token ${at}')))`;
  const [one, two] = await Promise.all(tabs.map((tab, at) => tab.evaluate(code(at))));
  expect(one).toBe(two);
});
