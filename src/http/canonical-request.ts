import type { CanonicalRequest } from '../core/exchange.js';
import { Refusal } from '../core/errors.js';
import { speaksForOthers } from '../core/headers.js';
import { canonicalTarget } from './canonical-path.js';

/** What the listener knows about a request before anything is believed of it. */
export interface RawRequest {
  method: string;
  target: string;
  /** `1.1` or `1.0`. */
  httpVersion: string;
  /** Name, value, name, value, exactly as they came. */
  headers: readonly string[];
  peer: string;
  secure: boolean;
  /** Its connection can be taken over for another protocol. */
  switchable?: boolean;
}

/** Reads the caller's address out of forwarding headers when the peer is a proxy that may speak for others. */
export type ClientAddress = (peer: string, forwarded: readonly string[]) => string;

const MAX_HEADERS = 100;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Headers we act upon. */
const KNOWN = new Set([
  'host',
  'authorization',
  'x-api-key',
  'api-key',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'origin',
  'x-keyporter-asker',
  'upgrade',
  'user-agent',
  'x-request-id',
  'x-correlation-id',
] as const);
type KnownName = typeof KNOWN extends Set<infer Name> ? Name : never;
/** More than one of these does no harm: none of them decides anything. */
const REPEATABLE: ReadonlySet<string> = new Set(['upgrade', 'user-agent', 'x-request-id', 'x-correlation-id']);
const CORRELATION = /^[A-Za-z0-9._-]{1,64}$/;
const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/;
const NONE: readonly string[] = [];

/** Makes the one form of a request, or refuses what two readers could understand in two ways. */
export function canonicalRequest(raw: RawRequest, clientAddress: ClientAddress): CanonicalRequest {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') throw bad('use HTTP/1.1');
  if (raw.headers.length / 2 > MAX_HEADERS) throw new Refusal('headers_too_large');
  if (!METHODS.has(raw.method))
    throw new Refusal('method_not_allowed', { headers: ['allow', [...METHODS].join(', ')] });
  const { path, query } = canonicalTarget(raw.target);
  const { names, values, forwarded } = readHeaders(raw.headers);
  refuseFraming(raw, values);
  const correlationId = values['x-request-id'] ?? values['x-correlation-id'] ?? null;
  return {
    method: raw.method,
    path,
    query,
    headers: raw.headers,
    names,
    peer: raw.peer,
    address: forwarded === NONE ? raw.peer : clientAddress(raw.peer, forwarded),
    forwarded: forwarded !== NONE,
    secure: raw.secure,
    contentLength: values['transfer-encoding'] === undefined ? Number(values['content-length'] ?? 0) : null,
    contentType: values['content-type'] ?? null,
    contentEncoding: values['content-encoding'] ?? null,
    origin: values.origin ?? null,
    upgrade: values.upgrade !== undefined,
    host: values.host,
    correlationId: correlationId !== null && CORRELATION.test(correlationId) ? correlationId : null,
    userAgent: values['user-agent']?.slice(0, 256) ?? null,
  };
}

type Values = Partial<Record<KnownName, string>>;

interface FoundHeaders {
  names: string[];
  values: Values;
  /** Forwarding headers in their order: name, value. */
  forwarded: readonly string[];
}

function readHeaders(headers: readonly string[]): FoundHeaders {
  const names: string[] = [];
  // Names are taken from a fixed list, so none of a client's choosing ever becomes a member.
  const values: Values = {};
  let forwarded: string[] | null = null;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase();
    names.push(name);
    if (isKnown(name)) {
      if (values[name] !== undefined && !REPEATABLE.has(name)) throw twice(name);
      values[name] = headers[at + 1] ?? '';
    } else if (name.includes('_')) {
      throw bad(`the header name "${name.slice(0, 64)}" has an underscore`);
    } else if (speaksForOthers(name)) {
      forwarded ??= [];
      forwarded.push(name, headers[at + 1] ?? '');
    }
  }
  return { names, values, forwarded: forwarded ?? NONE };
}

function isKnown(name: string): name is KnownName {
  return (KNOWN as ReadonlySet<string>).has(name);
}

function twice(name: string): Refusal {
  if (name === 'authorization' || name.endsWith('api-key')) return new Refusal('conflicting_credentials');
  return bad(`there is more than one ${name} header`);
}

function refuseFraming(raw: RawRequest, values: Values): void {
  refuseHost(raw, values.host);
  const coding = values['transfer-encoding'];
  const length = values['content-length'];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw bad('the only transfer-encoding is chunked');
    if (raw.httpVersion === '1.0') throw bad('HTTP/1.0 has no transfer-encoding');
    if (length !== undefined) throw bad('content-length and transfer-encoding exclude each other');
  }
  if (length !== undefined && !LENGTH.test(length)) throw bad('content-length must be a plain number');
  if (values.expect !== undefined && values.expect.toLowerCase() !== '100-continue')
    throw new Refusal('expectation_failed');
  if (values.upgrade !== undefined && !isHandshake(raw, values))
    throw bad('this route does not switch protocols; send the request without an upgrade header');
}

/** Only a plain WebSocket handshake is looked at further; which route takes it the front door knows. */
function isHandshake(raw: RawRequest, values: Values): boolean {
  if (raw.switchable !== true || raw.method !== 'GET' || values.upgrade?.toLowerCase() !== 'websocket') return false;
  return Number(values['content-length'] ?? 0) === 0 && values['transfer-encoding'] === undefined;
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;

function refuseHost(raw: RawRequest, host: string | undefined): void {
  if (host === undefined) {
    if (raw.httpVersion === '1.1') throw bad('there is no host header');
    return;
  }
  const found = HOST.exec(host);
  if (found === null || Number(found[1] ?? 0) > 65_535) throw bad('the host header is not a host and port');
}

function bad(what: string): Refusal {
  return new Refusal('bad_request', { message: `The request was refused: ${what}.` });
}
