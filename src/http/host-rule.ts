import { isIP } from 'node:net';
import { Refusal } from '../core/errors.js';

/** Whether this server answers for a `Host`: what keeps a web page from reaching it under a name of its own. */
export type HostRule = (host: string | undefined) => void;

/**
 * Loopback names, IP literals, this machine's own name and the configured names are answered for;
 * every other name is refused with 421, before anything else is looked at.
 */
export function createHostRule(names: readonly string[]): HostRule {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  // Clients send one and the same host again and again.
  let lastAllowed: string | null = null;
  return (host) => {
    // Only HTTP/1.0 comes without; it names nobody.
    if (host === undefined || host === lastAllowed) return;
    const name = host
      .replace(/:[0-9]+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    if (known.has(name) || name.endsWith('.localhost') || isIP(name) !== 0) {
      lastAllowed = host;
      return;
    }
    throw new Refusal('forbidden_host', {
      message: `This server does not answer for the host name "${host.slice(0, 200)}". Its operator can add it to allowed_hosts.`,
    });
  };
}
