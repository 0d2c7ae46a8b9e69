import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A network such as 10.0.0.0/8 with nothing set behind the prefix, or a single address. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) return false;
  if (bits === undefined) return true;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(bits) || Number(bits) > parsed.toByteArray().length * 8) return false;
  return hostBitsAreZero(parsed.toByteArray(), Number(bits));
}

function hostBitsAreZero(bytes: readonly number[], prefix: number): boolean {
  return bytes.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return (byte & (0xff >> kept)) === 0;
  });
}

/** Whether a network or address holds any loopback address. */
export function touchesLoopback(network: string): boolean {
  const [address = '', bits] = network.split('/');
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  const prefix = bits === undefined ? parsed.toByteArray().length * 8 : Number(bits);
  const loopback = parsed instanceof ipaddr.IPv4 ? ipaddr.IPv4.parse('127.0.0.0') : ipaddr.IPv6.parse('::1');
  const shared = Math.min(prefix, parsed instanceof ipaddr.IPv4 ? 8 : 128);
  return sameLeadingBits(parsed.toByteArray(), loopback.toByteArray(), shared);
}

function sameLeadingBits(left: readonly number[], right: readonly number[], bits: number): boolean {
  return left.every((byte, index) => {
    const compared = Math.min(8, Math.max(0, bits - index * 8));
    return (byte ^ (right[index] ?? 0)) >> (8 - compared) === 0;
  });
}

/** A DNS name in lower case or an IP address, without scheme, port or brackets. */
export function isHostName(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const labels = text.split('.');
  return (
    text.length <= 253 &&
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    !/^[0-9.]+$/.test(text)
  );
}

/** `https://app.example.com` or `http://localhost:3000` exactly as browsers send it, or `*`. */
export function isOrigin(text: string): boolean {
  if (text === '*') return true;
  const url = parseHttpUrl(text);
  return url !== null && url.origin === text;
}

/** A path as requests are matched by: absolute, no escapes, no dot segments, no empty segments, no query. */
export function isCanonicalPath(text: string): boolean {
  const segments = text.split('/').slice(1);
  return (
    text.length <= 1024 &&
    /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(text) &&
    segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  );
}

/** A full http or https URL, or null. Text that the URL parser would repair silently is no URL. */
export function parseHttpUrl(text: string): URL | null {
  const written = /^https?:\/\/[^/?#\\]+/i.exec(text);
  if (written === null || /[\s\\\p{Cc}]/u.test(text) || text.length > 2048) return null;
  return URL.canParse(text) ? new URL(text) : null;
}

/** The public address of the gateway: http(s) without credentials, query or fragment. */
export function isPublicUrl(text: string): boolean {
  const url = parseHttpUrl(text);
  return url !== null && url.username === '' && url.password === '' && !/[?#@]/.test(text);
}
