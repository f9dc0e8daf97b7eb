import { type AddressInfo, createServer } from 'node:net';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../testing/chromium.ts';

let rapport: TestRapport;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  const env = { GATEWAY_PORT: String(await freePort()), INFERENCE_HEALTH_PORT: '0', ACTORS_HEALTH_PORT: '0' };
  [rapport, browser] = await Promise.all([startRapport({ env }), launchChromium()]);
});

afterAll(async () => {
  await browser?.close();
  await rapport?.stop();
});

beforeEach(async () => {
  context = await browser.newContext({ reducedMotion: 'reduce' });
});

afterEach(() => context.close());

/** A gateway that chose its port itself could not have it again while old connections linger on it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const question = 'How do I start a habit and actually keep it?';
const answers = (page: Page) => page.locator('rapport-chat .stored .row.coach');
const own = (page: Page) => page.locator('rapport-chat .stored .row.user .bubble');

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(rapport.url);
  await page.locator('rapport-chat .launcher').waitFor();
  return page;
}

async function openChat(): Promise<Page> {
  const page = await openPage();
  await page.locator('rapport-chat .launcher').click();
  await page.locator('rapport-chat .suggestion').first().waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator('rapport-chat textarea').fill(text);
  await page.locator('rapport-chat textarea').press('Enter');
}

test('a question is asked, answered with sources, and still there after a reload', async () => {
  const page = await openChat();
  await page.locator('rapport-chat .suggestion').first().click();
  await answers(page).locator('.source summary').first().click();
  await answers(page).locator('.source blockquote').first().waitFor();
  expect(await own(page).allTextContents()).toEqual([question]);
  const before = await answers(page).allTextContents();
  await page.reload();
  await answers(page).first().waitFor();
  expect(await answers(page).allTextContents()).toEqual(before);
  expect(await page.locator('rapport-chat .pending .row').count()).toBe(0);
  const source = await answers(page).locator('.source a').first().getAttribute('href');
  expect((await page.request.get(source ?? '')).status()).toBe(200);
});

test('a reload in the middle of an answer loses and doubles nothing', async () => {
  const page = await openChat();
  await say(page, question);
  await page.locator('rapport-chat .running .row, rapport-chat .stored .row.coach').first().waitFor();
  await page.reload();
  await answers(page).first().waitFor();
  expect(await own(page).allTextContents()).toEqual([question]);
  expect(await answers(page).count()).toBe(1);
  expect(await page.locator('rapport-chat .running .row').count()).toBe(0);
});

test('what is written offline is marked, kept, and sent in order when the network is back', async () => {
  const page = await openChat();
  await context.setOffline(true);
  await say(page, 'first offline');
  await say(page, 'second offline');
  await page.locator('rapport-chat .banner', { hasText: 'offline' }).waitFor();
  await expect.poll(() => page.locator('rapport-chat .pending .mark').count()).toBe(2);
  await context.setOffline(false);
  await expect.poll(() => own(page).allTextContents()).toEqual(['first offline', 'second offline']);
  await page.locator('rapport-chat .banner').waitFor({ state: 'hidden' });
});

test('a message that waits in a tab that is closed is sent by the next one', async () => {
  const closing = await openChat();
  await context.setOffline(true);
  await say(closing, 'left in the closed tab');
  await closing.locator('rapport-chat .pending .mark').waitFor();
  await closing.close();
  await context.setOffline(false);
  const page = await openPage(); // There is a conversation here, so it connects without being opened.
  await expect.poll(() => own(page).allTextContents()).toEqual(['left in the closed tab']);
});

test('two tabs show one conversation and number it together', async () => {
  const one = await openChat();
  const two = await openChat();
  for (const round of [1, 2, 3]) {
    await say(one, `one ${round}`);
    await say(two, `two ${round}`);
  }
  const texts = async (page: Page) => (await own(page).allTextContents()).join();
  await expect.poll(async () => (await own(one).allTextContents()).length, { timeout: 20_000 }).toBe(6);
  await expect.poll(async () => (await texts(two)) === (await texts(one))).toBe(true);
  const from = (tab: string, all: string) => all.split(',').filter((text) => text.startsWith(tab));
  expect(from('one', await texts(one))).toEqual(['one 1', 'one 2', 'one 3']);
  expect(from('two', await texts(one))).toEqual(['two 1', 'two 2', 'two 3']);
});

test('a gateway that restarts is hardly noticed, and nothing is lost or doubled', async () => {
  const page = await openChat();
  await say(page, 'before the restart');
  await expect.poll(() => own(page).count()).toBe(1);
  const restarting = rapport.restart('gateway');
  await say(page, 'during the restart');
  await restarting;
  await say(page, 'after the restart');
  await expect
    .poll(() => own(page).allTextContents(), { timeout: 30_000 })
    .toEqual(['before the restart', 'during the restart', 'after the restart']);
});

test('the newest message stays in sight after a reload and above a long draft', async () => {
  const hiddenPx = (page: Page) =>
    page
      .locator('rapport-chat .scroller')
      .evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight);
  const page = await openChat();
  for (const count of [1, 2, 3]) {
    await say(page, question);
    await expect.poll(() => answers(page).count(), { timeout: 10_000 }).toBe(count);
  }
  await page.reload();
  await expect.poll(() => answers(page).count()).toBe(3);
  await expect.poll(() => hiddenPx(page)).toBeLessThan(2);
  await page.locator('rapport-chat textarea').fill('one\ntwo\nthree\nfour');
  await expect.poll(() => hiddenPx(page)).toBeLessThan(2);
});

test('what is received is never read as HTML', async () => {
  const page = await openChat();
  const hostile = '<img src=x onerror="document.title=1"> [x](javascript:alert(1)) **b**';
  await say(page, hostile);
  await expect.poll(() => own(page).allTextContents()).toEqual([hostile]);
  await answers(page).first().waitFor();
  expect(await page.locator('rapport-chat .scroller img, rapport-chat a[href^="javascript"]').count()).toBe(
    0,
  );
});

test('the keyboard is enough: open, write, close, and focus is where it was', async () => {
  const page = await openPage();
  await page.locator('rapport-chat .launcher').focus();
  await page.keyboard.press('Enter');
  await page.locator('rapport-chat .suggestion').first().waitFor();
  await page.keyboard.type('hello');
  await page.keyboard.press('Enter');
  await expect.poll(() => own(page).allTextContents()).toEqual(['hello']);
  await page.keyboard.press('Escape');
  expect(await page.locator('rapport-chat .panel').isHidden()).toBe(true);
  const focused = await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.className);
  expect(focused).toBe('launcher');
});
