import type { CanonicalRequest } from '../core/exchange.js';
import { Refusal } from '../core/errors.js';

const BEARER = /^bearer (?=[^\s])/i;
const KEY_PROTOCOL = 'openai-insecure-api-key.';
const SLOTS = new Set(['x-api-key', 'api-key']);

/**
 * The different values found in the credential slots of a request: `Authorization: Bearer`,
 * `x-api-key`, `api-key`, and the sub-protocol of a WebSocket handshake. The same value in two slots is one value. An `Authorization` of another
 * scheme is no credential.
 */
export function credentialsOf(request: CanonicalRequest): string[] {
  const values: string[] = [];
  for (let at = 0; at < request.names.length; at += 1) {
    const name = request.names[at] ?? '';
    const value = request.headers[at * 2 + 1] ?? '';
    const found =
      name === 'authorization' ? bearer(value) : SLOTS.has(name) ? value : fromProtocols(name, value, request);
    if (found !== '' && !values.includes(found)) values.push(found);
  }
  return values;
}

/** Browsers cannot set headers of a WebSocket handshake: they name the key as a sub-protocol. */
function fromProtocols(name: string, value: string, { upgrade }: CanonicalRequest): string {
  if (upgrade !== true || name !== 'sec-websocket-protocol') return '';
  const [found = '', ...others] = value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(KEY_PROTOCOL));
  if (others.length > 0) throw new Refusal('conflicting_credentials');
  return found.slice(KEY_PROTOCOL.length);
}

function bearer(value: string): string {
  if (!BEARER.test(value)) return '';
  const token = value.slice(7);
  if (/,\s*bearer /i.test(token)) throw new Refusal('conflicting_credentials');
  return token;
}

/**
 * Refuses a key of ours in the URL, in whatever name or value and however it is encoded there. It goes
 * nowhere: not into the answer, not into the log.
 */
export function refuseKeyInQuery(query: string, canonicalKey: (text: string) => string | null): void {
  if (query === '') return;
  const text = query.includes('%') ? withoutEscapes(query) : query;
  if (!text.includes('kp')) return;
  for (const word of text.split(NOT_OF_A_KEY)) {
    if (canonicalKey(word) !== null) throw new Refusal('credential_in_query');
  }
}

const NOT_OF_A_KEY = /[^0-9A-Za-z_]+/;

/** Keys are plain letters, digits and underscores: escapes of anything else need no better reading. */
function withoutEscapes(query: string): string {
  return query.replace(/%([0-7][0-9A-Fa-f])/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
