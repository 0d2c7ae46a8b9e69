import type { CanonicalRequest } from '../core/exchange.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';

/** Carries the caller's key; it goes no further. */
const KEY_PROTOCOL = 'openai-insecure-api-key.';
/** What a browser asks for beside its key. */
const REALTIME = 'realtime';

/** Headers of the handshake that the model server needs as the client sent them. */
export function handshakeHeaders({ headers }: CanonicalRequest): string[] {
  const out: string[] = [];
  // No extensions: what the server says is read on its way, so it must not come packed.
  for (const name of ['sec-websocket-key', 'sec-websocket-version']) {
    const value = headerValue(headers, name);
    if (value !== undefined) out.push(name, value);
  }
  const offered = protocolsOf(headers);
  if (offered.length > 0) out.push('sec-websocket-protocol', offered.join(', '));
  return out;
}

/** Headers of our answer to the client: the proof and the choices are the server's. */
export function switchedHeaders({ headers }: CanonicalRequest, ofServer: FlatHeaders): string[] {
  const out = ['upgrade', 'websocket', 'connection', 'Upgrade'];
  const proof = headerValue(ofServer, 'sec-websocket-accept');
  if (proof !== undefined) out.push('sec-websocket-accept', proof);
  const offered = protocolsOf(headers);
  const chosen = headerValue(ofServer, 'sec-websocket-protocol');
  const answered = chosen !== undefined && offered.includes(chosen) ? chosen : offered.find((one) => one === REALTIME);
  if (answered !== undefined) out.push('sec-websocket-protocol', answered);
  return out;
}

function protocolsOf(headers: CanonicalRequest['headers']): string[] {
  const names = (headerValue(headers, 'sec-websocket-protocol') ?? '').split(',').map((one) => one.trim());
  return names.filter((one) => one !== '' && !one.startsWith(KEY_PROTOCOL));
}
