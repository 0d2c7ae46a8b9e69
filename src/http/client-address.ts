import type { ClientAddress } from './canonical-request.js';

/** The part of an address list this file needs. */
interface Ranges {
  contains(address: string): boolean;
  readonly empty: boolean;
}

const MAX_HOPS = 32;

/**
 * Believes `X-Forwarded-For` (or `Forwarded`) only from listed proxies, and takes the right-most
 * address that is not itself a listed proxy: everything further left was written by the caller.
 * Whatever cannot be read exactly leaves the last address that was vouched for.
 */
export function trustingAddress(trusted: Ranges): ClientAddress {
  if (trusted.empty) return (peer) => peer;
  return (peer, forwarded) => {
    if (!trusted.contains(peer)) return peer;
    const hops = forwardedFor(forwarded);
    let vouched = peer;
    for (const hop of hops.reverse().slice(0, MAX_HOPS)) {
      const address = exactAddress(hop);
      if (address === null) return vouched;
      vouched = address;
      if (!trusted.contains(address)) return address;
    }
    return vouched;
  };
}

function forwardedFor(forwarded: readonly string[]): string[] {
  const hops: string[] = [];
  for (let at = 0; at + 1 < forwarded.length; at += 2) {
    if (forwarded[at] === 'x-forwarded-for') hops.push(...(forwarded[at + 1] ?? '').split(','));
  }
  if (hops.length > 0) return hops;
  for (let at = 0; at + 1 < forwarded.length; at += 2) {
    if (forwarded[at] !== 'forwarded') continue;
    for (const element of elementsOf(forwarded[at + 1] ?? '')) {
      const pair = element.split(';').find((part) => part.trim().toLowerCase().startsWith('for='));
      hops.push(pair === undefined ? '' : pair.trim().slice(4));
    }
  }
  return hops;
}

/** What stands in quotes may hold commas and semicolons that separate nothing; the quotes themselves are left out. */
function elementsOf(value: string): string[] {
  const elements: string[] = [];
  let element = '';
  let isQuoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') at += 1;
    else if (isQuoted && ',;'.includes(character)) element += ' ';
    else if (character === ',') {
      elements.push(element);
      element = '';
    } else element += character;
  }
  // A quote that never ends could hide the proxy's own element: then none of it is believed.
  return isQuoted ? [''] : [...elements, element];
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[0-9A-Fa-f:]{2,39}$/;

/** An address without port in dotted or colon form; other spellings (`127.1`, hex, zones) are not believed. */
function exactAddress(hop: string): string | null {
  let text = hop.trim();
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) text = bracketed;
  else if (/^[0-9.]+:[0-9]{1,5}$/.test(text)) text = text.slice(0, text.indexOf(':'));
  if (text.toLowerCase().startsWith('::ffff:') && text.includes('.')) text = text.slice(7);
  if (IPV4.test(text)) return text;
  return IPV6.test(text) && text.includes(':') ? text : null;
}
