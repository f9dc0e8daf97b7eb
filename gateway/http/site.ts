import type { DemoSite } from '@rapport/demo/demo-site.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';
import { isKnown } from './conditional.ts';
import type { WidgetScript } from './widget-script.ts';

/** Answers with the files that browsers load: the widget's script, and the pages of the demo site. */
export class Site {
  readonly #options: {
    readonly script: Pick<WidgetScript, 'answer'>;
    readonly demo: Pick<DemoSite, 'page'>;
  };

  constructor(options: {
    readonly script: Pick<WidgetScript, 'answer'>;
    readonly demo: Pick<DemoSite, 'page'>;
  }) {
    this.#options = options;
  }

  /** Undefined when there is nothing at that path. */
  async answer(head: RequestHead): Promise<Answer | undefined> {
    const { script, demo } = this.#options;
    if (head.path === '/widget.js') return await script.answer(head);
    const page = await demo.page(head.path);
    return page && answerOf(page, head.headers.get('if-none-match'));
  }
}

/**
 * A page may run the gateway's script and use the styles within it. `connect-src 'self'` covers the WebSocket
 * to the same host. No other site may frame a page.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

type Page = NonNullable<Awaited<ReturnType<DemoSite['page']>>>;

function answerOf({ html, hash }: Page, ifNoneMatch: string | undefined): Answer {
  const etag = `"${hash}"`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'strict-origin-when-cross-origin',
    etag,
  };
  return isKnown(ifNoneMatch, etag)
    ? { status: 304, headers, body: '' }
    : { status: 200, headers, body: html };
}
