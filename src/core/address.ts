import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Address ranges, parsed once. IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4. */
export interface AddressRanges {
  contains(address: string): boolean;
  readonly empty: boolean;
}

/** Reads CIDRs or single addresses. Throws a `RangeError` that names the first one it cannot read. */
export function parseRanges(texts: readonly string[]): AddressRanges {
  const ranges = texts.map(parseRange);
  return {
    empty: ranges.length === 0,
    contains(text) {
      const address = readAddress(text);
      return address !== null && ranges.some((range) => inside(address, range));
    },
  };
}

/** The range as an address and a prefix length, or throws. */
export function parseRange(text: string): Range {
  try {
    if (text.includes('/')) {
      const [address, length] = ipaddr.parseCIDR(text);
      return [address, length];
    }
    const address = ipaddr.parse(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch (cause) {
    throw new RangeError(`"${text}" is not an IP address or CIDR range`, { cause });
  }
}

/** True when every address of `inner` lies in one of `outer`. */
export function rangeWithin(inner: string, outer: readonly string[]): boolean {
  const [address, length] = parseRange(inner);
  return outer.some((text) => {
    const [base, baseLength] = parseRange(text);
    return base.kind() === address.kind() && length >= baseLength && inside(address, [base, baseLength]);
  });
}

/** The address without its IPv6 wrapping or zone, or the text itself when it is none. */
export function plainAddress(text: string): string {
  // What the system tells of an IPv4 socket is already plain.
  if (!text.includes(':')) return text;
  return readAddress(text)?.toString() ?? text;
}

function readAddress(text: string): Address | null {
  const plain = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
  if (!ipaddr.IPv4.isValidFourPartDecimal(plain) && !ipaddr.IPv6.isValid(plain)) return null;
  return ipaddr.process(plain);
}

function inside(address: Address, [base, length]: Range): boolean {
  if (address instanceof ipaddr.IPv4) return base instanceof ipaddr.IPv4 && address.match(base, length);
  return base instanceof ipaddr.IPv6 && address.match(base, length);
}
