import { hash } from 'node:crypto';
import { anyCovers } from '../access/scope.js';
import { systemClock } from '../core/clock.js';
import { attributesIn, objectIn, principalIn } from '../identity/providers/json.js';
import { ask } from './ask.js';
import { paramsOf, pathOf, type AskedRequest } from './asked-request.js';
import { Denial, type KeyHolder } from './holder.js';
import { createMemory } from './remember.js';
import { sourceUrl, within, type EndpointSource, type OpenedSource } from './source.js';
import { plainBody, spacedBody } from './words.js';

/** What an endpoint may see of a request. Cookies and the keys of other services stay here. */
const SHOWN_HEADERS = ['accept', 'accept-language', 'content-type', 'host', 'user-agent'];

/** What one contract says, and when it takes an answer for a yes. */
interface Contract {
  missing: string;
  malformed: string;
  refused(status: number): string;
  outage(why: 'timeout' | 'network'): Denial;
  /** The holder named by the body of a 200; null when it is no answer of this contract. */
  read(body: Buffer | null, credential: string): KeyHolder | null;
  showsBearer: boolean;
  body(message: string): string;
}

/** The first form: any 200 passes, and an outage looks like a refusal. */
const FIRST: Contract = {
  missing: 'Missing or invalid Authorization header',
  malformed: 'Missing or invalid Authorization header',
  refused: () => 'Authentication failed',
  outage: () => new Denial(401, 'Authentication service error'),
  read(body, credential) {
    const reply = body === null ? null : objectIn(body);
    const attributes = attributesIn(reply?.['attributes'] ?? reply?.['access_attributes']);
    const anonymous = hashedName(credential);
    const told = attributes !== null && Object.keys(attributes).length > 0;
    return holder(principalIn(reply?.['principal']) ?? anonymous, told ? attributes : { namespaces: [anonymous] });
  },
  showsBearer: true,
  body: spacedBody,
};

function ogx(endpoint: URL): Contract {
  return {
    missing: `Authentication required. Please provide your API key as a Bearer token (validated by ${endpoint.host})`,
    malformed: 'Invalid Authorization header format',
    refused: (status) => `Authentication failed: ${status}`,
    outage: () => new Denial(503, 'Authentication service unavailable', { 'retry-after': '5' }),
    read(body, credential) {
      if (body === null) throw this.outage('network');
      const reply = objectIn(body);
      const attributes = attributesIn(reply?.['attributes'] ?? reply?.['access_attributes']);
      const named = reply?.['principal'] ?? null;
      // Before there was a `principal`, `access_attributes` alone told that this is an answer.
      const isOlder = named === null && (reply?.['access_attributes'] ?? null) !== null;
      const principal = isOlder ? hashedName(credential) : principalIn(named);
      return principal === null || attributes === null ? null : holder(principal, attributes);
    },
    showsBearer: false,
    body: plainBody,
  };
}

/** Asks an endpoint as Llama Stack and OGX do. */
export function openEndpoint(source: EndpointSource): OpenedSource {
  const endpoint = sourceUrl(source.endpoint, 'endpoint', source.allowPlainHttp);
  const contract = contractOf(source.contract ?? 'ogx', endpoint);
  const timeoutMs = within(source.timeoutMs, { fallback: 2000, most: 60_000, member: 'timeoutMs' });
  const remembered = createMemory(
    systemClock,
    within(source.cacheSeconds, { fallback: 0, most: 60, member: 'cacheSeconds' }),
  );
  const find = async (credential: string, body: string): Promise<KeyHolder> => {
    const asked = await ask(
      endpoint,
      { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body },
      timeoutMs,
    );
    if ('failed' in asked) throw contract.outage(asked.failed);
    if (asked.status !== 200) throw new Denial(401, contract.refused(asked.status));
    const found = contract.read(asked.body, credential);
    if (found === null) throw new Denial(401, 'Invalid authentication response format');
    return found;
  };
  return {
    body: contract.body,
    async findHolder({ request, scopes }) {
      const credential = bearerOf(request, contract);
      const body = JSON.stringify({ api_key: credential, request: shown(request, credential, contract) });
      const found = await remembered([body], () => find(credential, body));
      const lacking = scopes.find((scope) => !anyCovers(found.scopes, scope));
      if (lacking !== undefined) throw new Denial(403, `Access denied: user does not have required scope: ${lacking}`);
      return found;
    },
  };
}

function contractOf(name: string, endpoint: URL): Contract {
  if (name === 'ogx') return ogx(endpoint);
  if (name === 'llama-stack-1626') return FIRST;
  throw new TypeError('requireKey: contract must be "ogx" or "llama-stack-1626".');
}

/** Exactly one header, and exactly this scheme. The fetch API joins two headers to one. */
function bearerOf({ headers }: AskedRequest, contract: Contract): string {
  const [value, ...more] = headers.get('authorization') ?? [];
  if (value === undefined) throw new Denial(401, contract.missing);
  const token = value.startsWith('Bearer ') ? value.slice(7) : '';
  if (token === '' || more.length > 0 || /,\s*bearer /i.test(token)) throw new Denial(401, contract.malformed);
  return token;
}

function shown(request: AskedRequest, credential: string, { showsBearer }: Contract): object {
  const headers: Record<string, string> = {};
  for (const name of SHOWN_HEADERS) {
    const value = request.headers.get(name)?.at(-1);
    if (value !== undefined) headers[name] = value;
  }
  const base = { path: pathOf(request), params: paramsOf(request) };
  if (showsBearer) return { ...base, headers: { ...headers, authorization: `Bearer ${credential}` } };
  return { ...base, headers, method: request.method, client_ip: request.peer };
}

function holder(principal: string, attributes: Record<string, string[]>): KeyHolder {
  return { principal, attributes, scopes: attributes['scopes'] ?? [] };
}

/** A name that stays the same and tells nothing of the credential. */
function hashedName(credential: string): string {
  return hash('sha256', credential).slice(0, 32);
}
