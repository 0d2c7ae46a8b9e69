import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { DnsName } from './configured.js';
import { authority } from './machine.js';

/** Every address behind a name. Rejects when the name cannot be looked up. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The replicas behind names: looked up again and again, and while that fails the last good ones stay. */
export interface Resolving {
  /**
   * Base URLs, sorted; none before the first answer. A name behind which nobody was ever found stands for
   * itself, so that it is seen and asked as any server that is down.
   */
  addresses(name: DnsName): readonly string[];
  /** Resolves when every name was looked up once. */
  readonly settled: Promise<void>;
  /** After a reload; what is known of names that stay is kept. */
  use(names: readonly DnsName[]): void;
  close(): void;
}

export interface ResolvingOptions {
  names: readonly DnsName[];
  resolve: Resolve;
  clock: Clock;
  log: Log;
  /** The addresses of a name are others than before. */
  changed(): void;
}

const AGAIN_MS = 5000;
const MOST_ADDRESSES = 1000;

/** Where clouds hand out credentials, and what no model server has. */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addSubnet('0.0.0.0', 8, 'ipv4');
NEVER.addSubnet('224.0.0.0', 3, 'ipv4');
NEVER.addSubnet('ff00::', 8, 'ipv6');
NEVER.addAddress('100.100.100.200', 'ipv4');
NEVER.addAddress('192.0.0.192', 'ipv4');
NEVER.addAddress('::', 'ipv6');
NEVER.addAddress('fd00:ec2::254', 'ipv6');

/** As the system resolves names: its hosts file, its search domains, all addresses. */
export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

interface Known {
  addresses: readonly string[];
  /** Why the last look failed; null when it did not. */
  failure: string | null;
  looking: boolean;
}

export function startResolving({ names, resolve, clock, log, changed }: ResolvingOptions): Resolving {
  const known = new Map<string, Known>();
  let current = names;
  let closed = false;

  const look = async (host: string): Promise<void> => {
    const entry = known.get(host) ?? { addresses: [], failure: null, looking: false };
    known.set(host, entry);
    if (entry.looking) return;
    entry.looking = true;
    const found = await ask(host, resolve);
    entry.looking = false;
    if (closed || known.get(host) !== entry) return;
    const failure = typeof found === 'string' ? found : null;
    const isFirstFailure = failure !== null && entry.failure === null;
    if (failure !== null && failure !== entry.failure)
      log.warn({ host }, `${host} ${failure}; its last addresses stay: ${entry.addresses.join(', ') || 'none'}.`);
    entry.failure = failure;
    if (isFirstFailure && entry.addresses.length === 0) changed();
    if (typeof found === 'string' || isSame(found, entry.addresses)) return;
    log.info({ host, addresses: found.length }, `${host} stands for ${found.join(', ')}.`);
    entry.addresses = found;
    changed();
  };
  const lookAll = async (): Promise<void> => {
    const hosts = new Set(current.map(({ host }) => host));
    for (const host of known.keys()) if (!hosts.has(host)) known.delete(host);
    await Promise.all([...hosts].map(look));
  };
  const settled = lookAll();
  const cancel = clock.every(AGAIN_MS, () => void lookAll());
  const addressesOf = (host: string): readonly string[] => {
    const entry = known.get(host);
    if (entry === undefined) return [];
    return entry.addresses.length === 0 && entry.failure !== null ? [host] : entry.addresses;
  };

  return {
    addresses: ({ host, port }) => addressesOf(host).map((address) => `http://${authority(address, String(port))}`),
    settled,
    use(next) {
      current = next;
      void lookAll();
    },
    close() {
      closed = true;
      cancel();
    },
  };
}

/** The addresses, sorted; or what is wrong, as the rest of a sentence that begins with the name. */
async function ask(host: string, resolve: Resolve): Promise<readonly string[] | string> {
  let found: readonly string[];
  try {
    found = await resolve(host);
  } catch {
    return 'has a host name that does not resolve';
  }
  const usable = [...new Set(found)].filter(isUsable);
  // A machine with both kinds of address is one replica, not two.
  const plain = usable.filter((address) => isIP(address) === 4);
  const chosen = plain.length > 0 ? plain : usable;
  return chosen.length === 0
    ? 'resolves to no address a model server could have'
    : chosen.toSorted().slice(0, MOST_ADDRESSES);
}

function isUsable(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NEVER.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((address, index) => address === right[index]);
}
