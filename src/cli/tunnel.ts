import { isLoopbackHost } from '../config/listen.js';
import type { Io } from './io.js';

const USUAL_PORT = '22';

/**
 * The command that brings a page of this machine to the one its user sits at, where that is another one:
 * he is here by SSH and the page answers on loopback alone. Null = none is needed.
 */
export function tunnelTo(pageUrl: string, env: Io['env']): string | null {
  // Client address and port, then the address and port of this machine that the client reached.
  const [, , address, port] = (env['SSH_CONNECTION'] ?? '').split(' ');
  const { hostname, port: pagePort, protocol } = new URL(pageUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (address === undefined || port === undefined || !isLoopbackHost(host)) return null;
  const shown = pagePort === '' ? (protocol === 'https:' ? '443' : '80') : pagePort;
  const here = `${env['USER'] === undefined ? '' : `${env['USER']}@`}${address}`;
  return `ssh -N -L ${shown}:${hostname}:${shown} ${port === USUAL_PORT ? '' : `-p ${port} `}${here}`;
}
