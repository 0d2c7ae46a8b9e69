import type { CanonicalRequest } from '../core/exchange.js';
import { Refusal } from '../core/errors.js';
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
}

/** Reads the caller's address out of forwarding headers when the peer is a proxy that may speak for others. */
export type ClientAddress = (peer: string, forwarded: readonly string[]) => string;

const MAX_HEADERS = 100;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** More than one of these, equal or not, is one too many: two readers could pick different ones. */
const SINGLE = new Set([
  'host', 'authorization', 'x-api-key', 'api-key', 'content-length', 'content-type', 'content-encoding',
  'transfer-encoding', 'expect', 'origin', 'x-keyporter-asker',
]);
const FORWARDING = new Set([
  'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-server',
  'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'via',
]);
const CORRELATION = /^[A-Za-z0-9._-]{1,64}$/;
const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/;

/** Makes the one form of a request, or refuses what two readers could understand in two ways. */
export function canonicalRequest(raw: RawRequest, clientAddress: ClientAddress): CanonicalRequest {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') throw bad('use HTTP/1.1');
  if (raw.headers.length / 2 > MAX_HEADERS) throw new Refusal('headers_too_large');
  if (!METHODS.has(raw.method)) throw new Refusal('method_not_allowed', { headers: ['allow', [...METHODS].join(', ')] });
  const { path, query } = canonicalTarget(raw.target);
  const found = readHeaders(raw.headers);
  refuseFraming(raw, found.values);
  const correlationId = found.values.get('x-request-id') ?? found.values.get('x-correlation-id') ?? null;
  return {
    method: raw.method,
    path,
    query,
    headers: raw.headers,
    names: found.names,
    peer: raw.peer,
    address: found.forwarded.length === 0 ? raw.peer : clientAddress(raw.peer, found.forwarded),
    forwarded: found.forwarded.length > 0,
    secure: raw.secure,
    contentLength: bodyLength(found.values),
    contentType: found.values.get('content-type') ?? null,
    contentEncoding: found.values.get('content-encoding') ?? null,
    origin: found.values.get('origin') ?? null,
    correlationId: correlationId !== null && CORRELATION.test(correlationId) ? correlationId : null,
    userAgent: found.values.get('user-agent')?.slice(0, 256) ?? null,
  };
}

interface FoundHeaders {
  names: string[];
  /** The last value of each name; of those in `SINGLE` the only one. */
  values: Map<string, string>;
  /** Forwarding headers in their order: name, value. */
  forwarded: string[];
}

function readHeaders(headers: readonly string[]): FoundHeaders {
  const names: string[] = [];
  const values = new Map<string, string>();
  const forwarded: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase();
    const value = headers[at + 1] ?? '';
    if (name.includes('_')) throw bad(`the header name "${name.slice(0, 64)}" has an underscore`);
    if (SINGLE.has(name) && values.has(name)) throw twice(name);
    if (FORWARDING.has(name)) forwarded.push(name, value);
    names.push(name);
    values.set(name, value);
  }
  return { names, values, forwarded };
}

function twice(name: string): Refusal {
  if (name === 'authorization' || name.endsWith('api-key')) return new Refusal('conflicting_credentials');
  return bad(`there is more than one ${name} header`);
}

function refuseFraming(raw: RawRequest, values: ReadonlyMap<string, string>): void {
  refuseHost(raw, values.get('host'));
  const coding = values.get('transfer-encoding');
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw bad('the only transfer-encoding is chunked');
    if (raw.httpVersion === '1.0') throw bad('HTTP/1.0 has no transfer-encoding');
    if (values.has('content-length')) throw bad('content-length and transfer-encoding exclude each other');
  }
  const length = values.get('content-length');
  if (length !== undefined && !LENGTH.test(length)) throw bad('content-length must be a plain number');
  if (values.has('expect') && values.get('expect')?.toLowerCase() !== '100-continue') throw new Refusal('expectation_failed');
  if (values.has('upgrade')) throw bad('this route does not switch protocols; send the request without an upgrade header');
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

function refuseHost(raw: RawRequest, host: string | undefined): void {
  if (host === undefined) {
    if (raw.httpVersion === '1.1') throw bad('there is no host header');
    return;
  }
  const port = /:([0-9]+)$/.exec(host)?.[1];
  if (!HOST.test(host) || (port !== undefined && Number(port) > 65535)) throw bad('the host header is not a host and port');
}

function bodyLength(values: ReadonlyMap<string, string>): number | null {
  if (values.has('transfer-encoding')) return null;
  return Number(values.get('content-length') ?? 0);
}

function bad(what: string): Refusal {
  return new Refusal('bad_request', { message: `The request was refused: ${what}.` });
}
