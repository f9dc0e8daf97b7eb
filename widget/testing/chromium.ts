import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** The machine's Chromium, for tests: without a window, and without a word to the network of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
