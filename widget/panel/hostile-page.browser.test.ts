import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testing/chromium.ts';
import { ScriptedGateway } from '../testing/scripted-gateway.ts';
import { ServedGateway } from '../testing/served-gateway.ts';

const served = new ServedGateway();
let browser: Browser;
let context: BrowserContext;
/** The widget on a page without any style. */
let plain: object | undefined;

beforeAll(async () => {
  [browser] = await Promise.all([launchChromium(), served.start()]);
});

afterAll(async () => {
  await browser?.close();
  await served.stop();
});

afterEach(() => context.close());

const tag = '<script src="/widget.js" data-creator="demo"></script>';
const own = (page: Page, selector: string, hasText?: string): Locator =>
  page.locator(`rapport-chat ${selector}`, hasText === undefined ? {} : { hasText });

async function openSite(html: string, options: BrowserContextOptions = {}): Promise<Page> {
  served.gateway = new ScriptedGateway();
  served.visitorRefusal = undefined;
  served.pages.set('/', `<!doctype html><meta name="viewport" content="width=device-width">${html}`);
  context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  await page.goto(`${served.url}/`);
  return page;
}

async function openChat(html: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openSite(html, options);
  await own(page, '.launcher').click();
  await own(page, '.suggestion').first().waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await own(page, 'textarea').fill(text);
  await own(page, 'textarea').press('Enter');
}

/** A busy machine takes its time. */
const eventually = <T>(get: () => T) => expect.poll(get, { timeout: 20_000 });
const texts = (page: Page) => own(page, '.stored .bubble').allTextContents();

/** Where the widget is and what its type looks like; it must also do what it is for. */
async function lookOf(page: Page): Promise<object> {
  const [panel, launcher] = await Promise.all(
    ['.panel', '.launcher'].map((selector) => own(page, selector).boundingBox()),
  );
  const type = await own(page, '.status').evaluate((element) => {
    const { fontSize, letterSpacing, textTransform, direction, color, opacity } = getComputedStyle(element);
    return [fontSize, letterSpacing, textTransform, direction, color, opacity];
  });
  await own(page, '.suggestion').first().click({ timeout: 5_000 });
  await eventually(() => texts(page)).toEqual(['How do I start?']);
  return { panel, launcher, type };
}

test.each([
  [
    'every element',
    '* { position: relative; margin: 40px; opacity: .1; visibility: hidden; pointer-events: none }',
  ],
  [
    'children of the body',
    'body > * { position: relative !important; z-index: 1 !important; display: none !important }',
  ],
  ['what is empty', ':empty { display: none !important }'],
  [
    'the type',
    '* { font-size: 22px; letter-spacing: 2px; text-transform: uppercase; direction: rtl; color: red }',
  ],
  [
    'the body as a whole',
    'body { transform: translate(300px, -500px); filter: blur(9px); overflow: hidden; height: 0 }',
  ],
])('styles for %s do not reach the widget', async (_, css) => {
  const page = await openChat(`<style>${css}</style><p>A site</p>${tag}`);
  const hostile = await lookOf(page);
  await context.close();
  plain ??= await lookOf(await openChat(tag));
  expect(hostile).toEqual(plain);
});

test.each([
  [
    'replaces its body',
    'document.documentElement.replaceChild(document.createElement("body"), document.body)',
  ],
  ['empties its body', 'document.body.innerHTML = ""'],
  ['writes its whole document anew', 'document.documentElement.innerHTML = "<head></head><body>new</body>"'],
])('a site that %s keeps the widget and its conversation', async (_, swap) => {
  const page = await openChat(tag);
  await say(page, 'before');
  await eventually(() => texts(page)).toEqual(['before']);
  await page.evaluate(swap);
  await own(page, '.panel').waitFor();
  await say(page, 'after');
  await eventually(() => texts(page)).toEqual(['before', 'after']);
  expect(served.gateway.open).toHaveLength(1);
});

test('the script runs as often as the site likes: there is one widget and one connection', async () => {
  const page = await openSite(`<head>${tag}${tag}</head><body>${tag.replace(' data', ' async data')}`);
  await own(page, '.launcher').click();
  await own(page, '.suggestion').first().waitFor();
  await page.evaluate(
    `document.body.innerHTML = ""; const again = document.createElement("script"); again.src = "/widget.js";
     again.dataset.creator = "demo"; document.body.append(again);
     new Promise((ok) => { again.onload = ok; })`,
  );
  await own(page, '.panel').waitFor();
  expect(await page.locator('rapport-chat').count()).toBe(1);
  expect(served.gateway.open).toHaveLength(1);
  await page.evaluate(
    `const other = document.createElement("script"); other.src = "/widget.js";
     other.dataset.creator = "other";
     document.body.append(other); new Promise((ok) => { other.onload = ok; })`,
  );
  await own(page, '.launcher').waitFor();
  await eventually(() => page.locator('rapport-chat').count()).toBe(1);
  await eventually(() => served.gateway.open.length).toBeLessThan(2);
});

test('a site that wants no widget is not fought for ever', async () => {
  const page = await openSite(`<p>A site</p>${tag}<script>
    window.removed = 0;
    const remove = () => {
      if (!document.querySelector("rapport-chat")) return;
      document.querySelector("rapport-chat").remove();
      removed += 1;
    };
    new MutationObserver(remove).observe(document.body, { childList: true });
    remove();
  </script>`);
  await eventually(() => page.evaluate('removed')).toBe(21);
  await page.waitForTimeout(200);
  expect(await page.evaluate('removed')).toBe(21);
});

test.each([
  ['a module', '<script type="module" src="/widget.js" data-creator="demo"></script>'],
  ['a script with crossorigin', '<script crossorigin src="/widget.js" data-creator="demo"></script>'],
  ['a script under a path', '<script src="/chat/widget.js" data-creator="demo"></script>'],
])('%s works', async (_, script) => {
  const page = await openChat(script);
  await say(page, 'hello');
  await eventually(() => texts(page)).toEqual(['hello']);
});

test('keys that are typed in the panel are not the shortcuts of the site', async () => {
  const page = await openChat(`${tag}<script>
    addEventListener("keydown", (event) => { if ("/s".includes(event.key)) event.preventDefault(); });
    document.addEventListener("keyup", ({ key }) => { if (key === "Escape") document.title = "closed"; });
    document.addEventListener("focusin", () => document.body.focus());
    document.addEventListener("paste", (event) => event.preventDefault());
  </script>`);
  await own(page, 'textarea').focus();
  await page.keyboard.type('yes/so stress');
  expect(await own(page, 'textarea').inputValue()).toBe('yes/so stress');
  await page.keyboard.press('Escape');
  expect([await page.title(), await own(page, '.panel').isHidden()]).toEqual(['', true]);
});

test('Enter that ends a conversion of an input method does not send', async () => {
  const page = await openChat(tag);
  const sends = (init: string) =>
    own(page, 'textarea').evaluate((input: HTMLTextAreaElement, keys) => {
      input.value = '変換';
      input.dispatchEvent(new Event('input'));
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ...JSON.parse(keys) }));
      return input.value === '';
    }, init);
  expect(await sends('{"keyCode":229}')).toBe(false);
  expect(await sends('{"isComposing":true}')).toBe(false);
  expect(await sends('{"keyCode":13}')).toBe(true);
});

test('without any storage the chat works, and the visitor is told once what that means', async () => {
  served.pages.set('/frame', tag);
  const page = await openSite(
    '<iframe sandbox="allow-scripts" src="/frame" width="800" height="900"></iframe>',
  );
  const failures: Error[] = [];
  page.on('pageerror', (failure) => failures.push(failure));
  const frame = page.frameLocator('iframe');
  await frame.locator('rapport-chat .launcher').click();
  await frame.locator('rapport-chat .forgetful').waitFor();
  await frame.locator('rapport-chat textarea').fill('hello');
  await frame.locator('rapport-chat textarea').press('Enter');
  await eventually(() => frame.locator('rapport-chat .stored .bubble').allTextContents()).toEqual(['hello']);
  await frame.locator('rapport-chat .forgetful button').click();
  expect(await frame.locator('rapport-chat .forgetful').isHidden()).toBe(true);
  expect(failures).toEqual([]);
});

test('text of either direction begins at its own side', async () => {
  const page = await openChat(tag);
  const direction = (selector: string) =>
    own(page, selector)
      .first()
      .evaluate((element) => getComputedStyle(element).direction);
  await own(page, 'textarea').fill('كيف أبدأ؟');
  expect(await direction('textarea')).toBe('rtl');
  await own(page, 'textarea').press('Enter');
  await own(page, '.stored .row.user').waitFor();
  const text = 'ابدأ بخطوة صغيرة.\n\nStart small.\n\n- واحد\n- two';
  served.gateway.store({ id: 'a', role: 'COACH', text, choices: [{ id: 'c', text: 'نعم' }] });
  await own(page, '.choice').waitFor();
  const directions = async (selector: string) =>
    own(page, selector).evaluateAll((all) => all.map((one) => getComputedStyle(one).direction));
  expect(await directions('.stored .user .bubble')).toEqual(['rtl']);
  expect(await directions('.stored .coach p')).toEqual(['rtl', 'ltr']);
  expect(await directions('.stored .coach li')).toEqual(['rtl', 'ltr']);
  expect(await directions('.choice')).toEqual(['rtl']);
});

test.each([
  ['#ffd84d', 'rgb(22, 32, 29)'],
  ['oklch(0.9 0.15 100)', 'rgb(22, 32, 29)'],
  ['#2c5f5a', 'rgb(255, 255, 255)'],
  ['navy', 'rgb(255, 255, 255)'],
  ['no colour; }', 'rgb(255, 255, 255)'],
])('on the accent %s the text is %s', async (accent, text) => {
  const page = await openSite(tag.replace('data-creator', `data-accent="${accent}" data-creator`));
  await own(page, '.launcher').waitFor();
  expect(await own(page, '.launcher').evaluate((element) => getComputedStyle(element).color)).toBe(text);
});

test('a coach without a greeting has one, and an emoji is a whole initial', async () => {
  const page = await openSite(tag);
  served.gateway.coach = { name: '👩‍🚀 Ada', greeting: '', suggestions: [] };
  await own(page, '.launcher').click();
  await own(page, '.greeting .bubble').waitFor();
  expect(await own(page, '.greeting').textContent()).toContain('👩‍🚀 Ada');
  expect(await own(page, '.avatar').textContent()).toBe('👩‍🚀');
});

test('where the site is not allowed, the visitor is told so and the console names the origin', async () => {
  const page = await openSite(tag);
  served.visitorRefusal = { status: 403, code: 'origin_refused' };
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await own(page, '.launcher').click();
  await own(page, '.banner', 'can not be used on this site').waitFor();
  expect(await own(page, 'textarea').isVisible()).toBe(false);
  expect(said.join()).toContain(`--origin ${served.url}`);
});

test('closing gives the focus back to what opened the panel', async () => {
  const page = await openSite(`<button data-rapport-open="How?" id="ask">Ask</button>${tag}`);
  for (const close of ['Escape', 'click']) {
    await page.locator('#ask').focus();
    await page.keyboard.press('Enter');
    await eventually(() => own(page, 'textarea').inputValue()).toBe('How?');
    if (close === 'Escape') await page.keyboard.press('Escape');
    else await own(page, '.close').click();
    expect(await page.evaluate('document.activeElement.id')).toBe('ask');
  }
});

test('the page has no second banner, and a focus is seen in forced colours', async () => {
  const page = await openChat(`<header>The site</header>${tag}`, { forcedColors: 'active' });
  expect(await page.getByRole('banner').count()).toBe(1);
  await own(page, 'textarea').focus();
  const outline = await own(page, '.composer').evaluate((form) => getComputedStyle(form).outlineStyle);
  expect(outline).toBe('solid');
});

test('a draft outlives a reload, and a text that is too long is told in words', async () => {
  const page = await openChat(tag);
  await own(page, 'textarea').fill('half a thought');
  await page.reload();
  await own(page, '.suggestion').first().waitFor();
  expect(await own(page, 'textarea').inputValue()).toBe('half a thought');
  await own(page, 'textarea').fill('x'.repeat(8_001));
  expect(await own(page, '.hint').textContent()).toBe('1 character too many. Please shorten it.');
  expect(await own(page, '.send').isDisabled()).toBe(true);
  await own(page, 'textarea').fill('');
  await page.reload();
  await own(page, '.suggestion').first().waitFor();
  expect(await own(page, 'textarea').inputValue()).toBe('');
});

test('a stopped answer says so, and every message has its time', async () => {
  const page = await openChat(tag);
  await say(page, 'a question');
  await own(page, '.stored .row.user').waitFor();
  served.gateway.push({ turn: { turnId: 't', state: 'STARTED' } });
  served.gateway.push({ delta: { turnId: 't', text: 'half' } });
  await own(page, '.stop').click();
  await eventually(() => served.gateway.heard.some(({ stop }) => stop?.turnId === 't')).toBe(true);
  served.gateway.store({ id: 'a', role: 'COACH', text: 'half', turnId: 't' });
  served.gateway.push({ turn: { turnId: 't', state: 'STOPPED' } });
  await own(page, '.stored .coach .stopped').waitFor();
  expect(await own(page, '.stored time').count()).toBe(2);
});

test('on a phone the page behind stays where it is, and Back closes the panel', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const page = await openSite(`<p style="height: 3000px">A site</p>${tag}`, phone);
  await page.evaluate('scrollTo(0, 700)');
  await own(page, '.launcher').click();
  await own(page, '.suggestion').first().waitFor();
  const { width, height } = (await own(page, '.panel').boundingBox()) ?? {};
  expect([width, height]).toEqual([390, 844]);
  const overflow = () => page.evaluate('getComputedStyle(document.documentElement).overflowY');
  expect(await overflow()).toBe('hidden');
  await page.goBack();
  await eventually(() => own(page, '.panel').isHidden()).toBe(true);
  expect(page.url()).toBe(`${served.url}/`);
  expect(await overflow()).toBe('visible');
  expect(await page.evaluate('Math.round(scrollY)')).toBe(700);
  await own(page, '.launcher').click();
  await own(page, '.close').click();
  await eventually(() => page.evaluate('history.state')).toBeNull();
});

test('a source opens the passage itself, whether or not it has a page', async () => {
  const page = await openChat('<script src="/chat/widget.js" data-creator="demo"></script>');
  const long = 'A title that is a good deal longer than the forty characters at which it was cut';
  const sources = [
    { documentId: 'a', title: long, quote: 'Begin small.', url: '/learn/a' },
    { documentId: 'b', quote: 'Never miss twice.' },
  ];
  served.gateway.store({ id: 'a', role: 'COACH', text: 'An answer.\n\n'.repeat(30), sources });
  const source = own(page, '.source');
  await source.first().waitFor();
  expect(await source.locator('summary').allTextContents()).toEqual([long, 'b']);
  await source.nth(1).locator('summary').click();
  expect(await source.nth(1).locator('blockquote').isVisible()).toBe(true);
  // Opened at the lower end of the list, it is in sight.
  await eventually(() =>
    own(page, '.scroller').evaluate((scroller) => {
      const bottom = scroller.querySelector('.source[open]')?.getBoundingClientRect().bottom ?? Infinity;
      return bottom < scroller.getBoundingClientRect().bottom;
    }),
  ).toBe(true);
  await source.first().locator('summary').click();
  expect(await source.first().locator('a').getAttribute('href')).toBe(`${served.url}/chat/learn/a`);
});

test('an answer whose connection breaks says so, and what is said then stands below it', async () => {
  const page = await openChat(tag);
  await say(page, 'a question');
  await own(page, '.stored .row.user').waitFor();
  served.gateway.push({ turn: { turnId: 't', state: 'STARTED' } });
  served.gateway.push({ delta: { turnId: 't', text: 'half an answer' } });
  await own(page, '.stop').waitFor();
  const away = served.gateway;
  served.goAway();
  await own(page, '.running .mark').waitFor();
  expect(await own(page, '.stop').isVisible()).toBe(false);
  expect(await own(page, '.status').textContent()).not.toContain('writing');
  await say(page, 'said while away');
  const bubbles = own(page, '.messages .bubble');
  await eventually(async () => (await bubbles.allTextContents()).slice(-3)).toEqual([
    'a question',
    'half an answer',
    'said while away',
  ]);
  await own(page, '.banner', 'No connection').waitFor();
  away.store({ id: 'a', role: 'COACH', text: 'half an answer, whole', turnId: 't' }, { push: false });
  await own(page, '.banner button').click();
  away.reachable = true;
  await eventually(() => texts(page)).toEqual(['a question', 'half an answer, whole', 'said while away']);
});
