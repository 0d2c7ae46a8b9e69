import type { AddressRanges } from '../../core/address.js';
import type { CanonicalRequest } from '../../core/exchange.js';
import { headerText } from './header-text.js';
import { asObject, principalIn } from './json.js';
import type { Provider, Verdict } from './provider.js';

export interface UpstreamHeaderSettings {
  name: string;
  /** As it was configured: so it stands in the words of a refusal. */
  principalHeader: string;
  attributesHeader: string | null;
  /** The proxies that set these headers; from any other peer they count for nothing. */
  trusted: AddressRanges;
}

const RECHECK_MS = 60_000;

/** Takes the word of a proxy in front of us, which has authenticated the caller itself. */
export function createUpstreamHeader(settings: UpstreamHeaderSettings): Provider {
  const missing = `Missing required authentication header: ${settings.principalHeader}`;
  const principalHeader = settings.principalHeader.toLowerCase();
  const attributesHeader = settings.attributesHeader?.toLowerCase() ?? null;
  return {
    name: settings.name,
    words: { missing, malformed: missing, refused: missing },
    needsCredential: false,
    recheckMs: RECHECK_MS,
    ask({ request }) {
      if (!settings.trusted.contains(request.peer))
        return notShown(missing, `the peer ${request.peer} is none of trusted_proxies`);
      const [principal, second] = valuesOf(request, principalHeader);
      const named = second === undefined ? principalIn(principal) : null;
      if (named === null) return notShown(missing, 'the proxy named nobody, or more than one');
      return verdictOn(named, request, attributesHeader);
    },
  };
}

function notShown(words: string, reason: string): Verdict {
  return { kind: 'no', words, reason, nothingShown: true };
}

function verdictOn(principal: string, request: CanonicalRequest, header: string | null): Verdict {
  const [text, second] = header === null ? [] : valuesOf(request, header);
  const attributes = text === undefined || text === '' ? {} : read(text);
  if (typeof attributes === 'string' || second !== undefined) {
    const fault = typeof attributes === 'string' ? attributes : 'more than one header';
    return {
      kind: 'no',
      words: `Failed to parse authentication attributes header: ${fault}`,
      reason: `the header with the attributes is not usable: ${fault}`,
    };
  }
  return { kind: 'yes', principal, attributes, values: (name) => attributes[name] ?? [], expiresAt: null };
}

/** Text and numbers become lists of one. A sentence instead when it cannot be read. */
function read(text: string): Record<string, string[]> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'invalid JSON';
  }
  const object = asObject(value);
  if (object === null) return 'expected JSON object';
  const attributes: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, entry] of Object.entries(object)) {
    const list = Array.isArray(entry) ? entry : [entry];
    attributes[name] = list.filter((one) => ['string', 'number', 'boolean'].includes(typeof one)).map(String);
  }
  return attributes;
}

function valuesOf(request: CanonicalRequest, wanted: string): string[] {
  return request.names.flatMap((name, at) => (name === wanted ? [headerText(request.headers[at * 2 + 1] ?? '')] : []));
}
