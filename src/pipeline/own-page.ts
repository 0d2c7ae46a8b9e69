import { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { headerValue } from '../core/headers.js';

/** What a browser tells of the page that made it ask. */
type Page = 'own' | 'foreign' | 'untold';

/** Pages of other sites can make a browser send a request, but not with this header: that they would have to ask for first. */
const MARK = 'x-keyporter-ui';

/** The page acts without anybody at it, so its request keeps no session alive. */
export function isBackground({ headers }: CanonicalRequest): boolean {
  return headerValue(headers, MARK) === 'background';
}

/**
 * A request that counts because of what the browser adds by itself (a cookie, a proxy's word) has to
 * come from a page of ours when it changes anything, and must not come from another one ever.
 */
export function requireOwnPage(request: CanonicalRequest, publicOrigin: string | null): void {
  const page = pageOf(request, publicOrigin);
  if (page === 'foreign') throw foreign('the page behind it is not of this server');
  if (isSafe(request)) return;
  if (!request.names.includes(MARK)) throw foreign(`it has no ${MARK} header`);
  if (page !== 'own') throw foreign('it does not say which page it came from (origin)');
}

/** For callers that are known by where they come from: programs say nothing of pages, browsers do. */
export function refuseForeignPage(request: CanonicalRequest, publicOrigin: string | null): void {
  if (!isSafe(request) && pageOf(request, publicOrigin) === 'foreign')
    throw foreign('the page behind it is not of this server');
}

function isSafe({ method }: CanonicalRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

function pageOf(request: CanonicalRequest, publicOrigin: string | null): Page {
  const sites = request.names.flatMap((name, at) =>
    name === 'sec-fetch-site' ? [request.headers[at * 2 + 1] ?? ''] : [],
  );
  // Pages cannot set it, and it is right behind proxies that rewrite the host too.
  if (sites.length > 0) {
    if (sites.every((site) => site === 'same-origin')) return 'own';
    return sites.every((site) => site === 'none') ? 'untold' : 'foreign';
  }
  if (request.origin === null) return 'untold';
  return isOwnOrigin(request, publicOrigin) ? 'own' : 'foreign';
}

function isOwnOrigin({ origin, host, secure }: CanonicalRequest, publicOrigin: string | null): boolean {
  if (origin === null || !URL.canParse(origin)) return false;
  if (origin === publicOrigin) return true;
  const page = new URL(origin);
  if (page.protocol !== 'https:' && (secure || page.protocol !== 'http:')) return false;
  return host !== undefined && page.host === new URL(`${page.protocol}//${host}`).host;
}

function foreign(why: string): Refusal {
  return new Refusal('cross_site_request', { reason: why });
}
