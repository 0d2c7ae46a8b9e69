import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where a gateway listens that was told nothing. */
export const DEFAULT_LISTEN = '127.0.0.1:5390';

/** Where to listen. `host` is an IP address without brackets or `localhost`; port 0 lets the system choose. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads `127.0.0.1:5390`, `[::1]:5390`, `localhost:5390`, or `:5390` for every IPv4 address. Null when it is none of these. */
export function parseListen(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+|localhost)?):([0-9]{1,5})$/.exec(text);
  if (match === null) return null;
  const [, ipv6, ipv4OrName, digits = ''] = match;
  const port = Number(digits);
  if (port > 65_535 || String(port) !== digits) return null;
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? { host: ipv6.toLowerCase(), port } : null;
  const host = ipv4OrName ?? '0.0.0.0';
  return host === 'localhost' || isIP(host) === 4 ? { host, port } : null;
}

/** Whether only programs on this machine reach the address. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback';
}

/** Whether the address stands for every address of this machine. */
export function isEveryAddress(host: string): boolean {
  return isIP(host) !== 0 && ipaddr.process(host).range() === 'unspecified';
}
