import { BlockList, isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

/** As `os.networkInterfaces()` answers. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Loopback, and the addresses that stand for every address of this machine when connected to. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('0.0.0.0', 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addAddress('::', 'ipv6');

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** Whether a host of a URL is this machine: a loopback name or address, or one of its own addresses. */
export function isThisMachine(host: string, interfaces: Interfaces): boolean {
  const address = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (address === 'localhost' || address.endsWith('.localhost')) return true;
  return isIn(LOOPBACK, address) || ownAddresses(interfaces).includes(address);
}

/** Addresses under which other machines may reach this one. Link-local ones need a zone no URL can carry. */
export function publicAddresses(interfaces: Interfaces): string[] {
  return ownAddresses(interfaces).filter((address) => !isIn(LOOPBACK, address) && !isIn(LINK_LOCAL, address));
}

/** Host and port as a URL writes them. */
export function authority(address: string, port: string): string {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  return port === '' ? host : `${host}:${port}`;
}

/** The port a URL means, also when it is not written. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

function ownAddresses(interfaces: Interfaces): string[] {
  return [
    ...new Set(Object.values(interfaces).flatMap((list) => (list ?? []).map(({ address }) => address.toLowerCase()))),
  ];
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
