import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { parseHttpUrl } from './forms.js';

/** Names under which clouds serve the credentials of the machine. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
]);
/** Addresses of the same outside the link-local ranges. */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set(['fd00:ec2::254', '100.100.100.200', '192.0.0.192']);
/** Ranges of ipaddr.js that no model server has: each either names no single machine or hides another address. */
const REFUSED_RANGES: Readonly<Record<string, string>> = {
  linkLocal: 'must not be a link-local or metadata address',
  unspecified: 'must name one machine; write 127.0.0.1 for this one',
  broadcast: 'must name one machine, not a broadcast address',
  multicast: 'must name one machine, not a multicast address',
  ipv4Mapped: 'must write an IPv4 address plainly, such as 127.0.0.1',
  rfc6145: 'must write an IPv4 address plainly, such as 127.0.0.1',
  rfc6052: 'must write an IPv4 address plainly, such as 127.0.0.1',
  '6to4': 'must write an IPv4 address plainly, such as 127.0.0.1',
  teredo: 'must write an IPv4 address plainly, such as 127.0.0.1',
};

/** Why this may not be the URL of a model server (a predicate: "must ..."), or null when it may. */
export function upstreamUrlFault(text: string): string | null {
  const url = parseHttpUrl(text);
  if (url === null) return 'must be a full http:// or https:// URL, such as http://127.0.0.1:8080';
  if (url.username !== '' || url.password !== '' || text.includes('@')) {
    return 'must not contain a user or password; give the key of the server as `api_key`';
  }
  if (/[?#]/.test(text)) return 'must not contain a query or fragment';
  if (url.port === '0') return 'must name a port other than 0';
  return hostFault(url, text);
}

function hostFault(url: URL, text: string): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (METADATA_NAMES.has(host) || METADATA_ADDRESSES.has(host)) return 'must not be a link-local or metadata address';
  if (isIP(host) === 0) return null;
  const refused = REFUSED_RANGES[ipaddr.parse(host).range()];
  if (refused !== undefined) return refused;
  // 2130706433, 0x7f.1 and 127.1 all mean 127.0.0.1: two readers may disagree, so only the plain form is taken.
  const writtenPlainly = isIP(host) === 6 || authorityOf(text).replace(/:[0-9]*$/, '') === host;
  return writtenPlainly ? null : 'must write an IPv4 address plainly, such as 127.0.0.1';
}

function authorityOf(text: string): string {
  return text.replace(/^https?:\/\//i, '').split('/', 1)[0] ?? '';
}

/** The base of a model server: scheme, host, port and path, without a trailing slash and without `/v1`. */
export function normalUpstreamUrl(text: string): string {
  const url = new URL(text);
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
  return `${url.origin}${path}`;
}
