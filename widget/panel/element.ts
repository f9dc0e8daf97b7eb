import { type Tag, Widget } from './widget.ts';

/** The widget of this page, where a second run of the script finds it, also one of another version. */
interface Running {
  readonly of: string;
  paint(accent: string | undefined): void;
  stop(): void;
}

const runningKey = Symbol.for('rapport.widget');

/** The tag that runs this. A module has no `currentScript`: there it is found by what it says. */
function ownScript(): HTMLScriptElement | undefined {
  const { currentScript } = document;
  if (currentScript instanceof HTMLScriptElement) return currentScript;
  const scripts = document.querySelectorAll<HTMLScriptElement>('script[type="module"][data-creator][src]');
  return [...scripts].find(({ src }) => new URL(src).pathname.endsWith('/widget.js'));
}

function readTag(): Tag | undefined {
  const script = ownScript();
  const { creator = '', accent } = script?.dataset ?? {};
  if (!script?.src || creator === '') {
    console.error('Cannot start the chat: the script tag of widget.js has no data-creator');
    return undefined;
  }
  return { url: new URL('.', script.src).href.replace(/\/$/, ''), creatorId: creator, accent };
}

/**
 * Runs one widget in a page: a page may have the script twice, and runs it again when the site swaps its
 * body.
 */
function run(tag: Tag): void {
  const shared = window as { [runningKey]?: Running }; // Typed here: other runs of this script wrote it.
  const of = `${tag.url} ${tag.creatorId}`;
  const before = shared[runningKey];
  if (before?.of === of) {
    before.paint(tag.accent);
    return;
  }
  before?.stop();
  const widget = new Widget(tag);
  const running: Running = { of, paint: (accent) => widget.paint(accent), stop: () => widget.stop() };
  shared[runningKey] = running;
  const start = () => {
    if (shared[runningKey] === running) void widget.start(); // It shows its failures in the panel.
  };
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
}

const tag = readTag();
if (tag) run(tag);
