/**
 * Headers as Node delivers and takes them on the wire: name, value, name, value. One flat array, so
 * that duplicates and order survive and nothing is rebuilt per request.
 */
export type FlatHeaders = readonly string[];

/** Headers that belong to one connection and never travel on (RFC 9110, section 7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The first value of a header, or undefined. `name` in lower case. */
export function headerValue(headers: FlatHeaders, name: string): string | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const candidate = headers[at];
    if (candidate !== undefined && candidate.length === name.length && candidate.toLowerCase() === name) {
      return headers[at + 1];
    }
  }
  return undefined;
}

/** What proxies say of those they speak for, beside everything that begins with `FORWARDING_PREFIX`. */
export const FORWARDING: ReadonlySet<string> = new Set([
  'forwarded',
  'forwarded-for',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-proxyuser-ip',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'true-client-ip',
  'cf-connecting-ip',
  'do-connecting-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'via',
]);

export const FORWARDING_PREFIX = 'x-forwarded';

/** True for a header, its name in lower case, by which somebody claims to speak for another address. */
export function speaksForOthers(name: string): boolean {
  return FORWARDING.has(name) || name.startsWith(FORWARDING_PREFIX);
}
