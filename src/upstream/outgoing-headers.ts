import type { CanonicalRequest } from '../core/exchange.js';
import { FORWARDING, FORWARDING_PREFIX, HOP_BY_HOP } from '../core/headers.js';
import type { Secret } from '../core/secret.js';

/**
 * Headers of the client that never reach a model server: those of its connection, its credentials,
 * whatever speaks for other addresses or rewrites the request, what a browser adds about itself, and
 * those we set ourselves.
 */
const DROPPED = new Set([
  ...HOP_BY_HOP,
  ...FORWARDING,
  'authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'x-goog-api-key',
  'xi-api-key',
  'cookie',
  'cookie2',
  'host',
  'content-length',
  'accept-encoding',
  'expect',
  'x-request-id',
  'x-correlation-id',
  'x-original-host',
  'x-host',
  'x-original-url',
  'x-original-uri',
  'x-original-method',
  'x-rewrite-url',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-user',
  'remote-user',
  'x-remote-user',
  'x-webauth-user',
  'x-authenticated-user',
  'origin',
  'referer',
  // llama.cpp goes on with such an answer when its client is gone, and hands it to whoever names it.
  'x-conversation-id',
  'http2-settings',
  'max-forwards',
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
]);
const DROPPED_PREFIXES = [
  FORWARDING_PREFIX,
  'x-gateway-',
  'x-keyporter-',
  'x-middleware-',
  'x-auth-request-',
  'sec-',
  'access-control-',
  'proxy-',
];

export interface OutgoingIdentity {
  requestId: string;
  apiKey: Secret | null;
  /** Names and values told about the caller when the operator wants that; already fit for a header. */
  about: readonly string[];
  /** Names and values of this one try. */
  added: readonly string[];
  /** Headers that only say who calls when a proxy in front of us sets them, and those that are said anew. */
  withheld: ReadonlySet<string>;
}

/** The headers of the request to a model server: first strip, then add, so that nothing of ours can be struck out. */
export function outgoingHeaders(request: CanonicalRequest, identity: OutgoingIdentity): string[] {
  const out: string[] = [];
  const named = namedByConnection(request);
  for (let at = 0; at < request.names.length; at += 1) {
    const name = request.names[at] ?? '';
    if (DROPPED.has(name) || hasDroppedPrefix(name) || identity.withheld.has(name) || named?.has(name) === true)
      continue;
    out.push(name, request.headers[at * 2 + 1] ?? '');
  }
  out.push('accept-encoding', 'identity', 'x-request-id', identity.requestId);
  if (identity.apiKey !== null) out.push('authorization', `Bearer ${identity.apiKey.reveal()}`);
  out.push(...identity.about, ...identity.added);
  return out;
}

function hasDroppedPrefix(name: string): boolean {
  const first = name.charCodeAt(0);
  // x, s, a, p: no other letter begins a prefix, and most names are settled here.
  if (first !== 0x78 && first !== 0x73 && first !== 0x61 && first !== 0x70) return false;
  return DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** `content-type` is never struck out: the body was judged by it. */
function namedByConnection({ names, headers }: CanonicalRequest): Set<string> | null {
  let named: Set<string> | null = null;
  for (let at = names.indexOf('connection'); at >= 0; at = names.indexOf('connection', at + 1)) {
    const value = (headers[at * 2 + 1] ?? '').toLowerCase();
    if (value === 'keep-alive' || value === 'close') continue;
    named ??= new Set();
    for (const part of value.split(',')) named.add(part.trim());
  }
  named?.delete('content-type');
  return named;
}
