import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { launchChromium } from '@rapport/widget/testing/chromium.ts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRapport, type TestRapport } from './rapport-fixture.ts';

let rapport: TestRapport;
let browser: Browser;
/** Another site, whose pages load the widget's script from the gateway. */
let site: Server;
let siteUrl: string;
let tag: string;

beforeAll(async () => {
  [rapport, browser] = await Promise.all([startRapport(), launchChromium()]);
  site = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
    });
    response.end(`<!doctype html><title>site</title><body>${tag}`);
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  const address = site.address();
  siteUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
});
afterAll(async () => {
  site?.close();
  await browser?.close();
  await rapport?.stop();
});

/** A new page, and what its console says of refusals and errors. */
async function opened(url: string): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (said) => {
    if (said.type() === 'error') complaints.push(said.text());
  });
  page.on('pageerror', (failure) => complaints.push(String(failure)));
  await page.goto(url);
  return { page, complaints };
}

test.each(['/', '/learn/naps'])('the widget works on %s under the policy of the page', async (path) => {
  const { page, complaints } = await opened(`${rapport.url}${path}`);
  await page.locator('rapport-chat .launcher').click();
  await page.locator('rapport-chat textarea').fill('How long should a nap be?');
  await page.locator('rapport-chat textarea').press('Enter');
  await page.locator('rapport-chat .row.coach').first().waitFor({ timeout: 20_000 });
  expect(complaints).toEqual([]);
  await page.close();
});

test('a script that is put into a page of the demo site does not run', async () => {
  const { page, complaints } = await opened(`${rapport.url}/learn/naps`);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "ran"';
    document.body.append(script);
  });
  expect(await page.title()).not.toBe('ran');
  expect(complaints.join()).toContain('Content Security Policy');
  await page.close();
});

test('an isolated page of another site loads the script, as a module and with integrity too', async () => {
  const source = `${rapport.url}/widget.js`;
  const script = Buffer.from(await (await fetch(source)).arrayBuffer());
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`;
  for (const attributes of ['', 'crossorigin', `crossorigin integrity="${integrity}"`, 'type="module"']) {
    tag = `<script src="${source}" data-creator="demo" ${attributes} defer></script>`;
    const { page, complaints } = await opened(siteUrl);
    const requested = await page.waitForFunction(() =>
      performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/widget.js')),
    );
    expect([attributes, complaints, await requested.jsonValue()]).toEqual([attributes, [], true]);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    if (!attributes.includes('module')) await page.locator('rapport-chat .launcher').waitFor();
    await page.close();
  }
});
