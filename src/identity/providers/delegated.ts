import { createHmac } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { CanonicalRequest } from '../../core/exchange.js';
import type { Ask, Unanswered } from './ask.js';
import { headerText } from './header-text.js';
import { attributesIn, objectIn, principalIn } from './json.js';
import type { Outage, Provider, Question, Verdict, Vouched } from './provider.js';
import { remembered } from './remembered.js';

export interface DelegatedSettings {
  name: string;
  endpoint: string;
  contract: 'llama-stack-1626' | 'ogx';
  timeoutMs: number;
  cacheSeconds: number;
  outageStatus: number;
  caFile: string | null;
  /** Names this installation; keys the name of a caller whose endpoint tells none. */
  installationId: string;
}

const MAX_ANSWER_BYTES = 65_536;
/** What an endpoint may see of a request. Everything else stays here: cookies and the keys of other services above all. */
const SHOWN_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'host', 'user-agent']);

/** Asks an endpoint as Llama Stack and OGX do: `llama-stack-1626` in the first form, `ogx` in the present one. */
export function createDelegated(settings: DelegatedSettings, { ask, clock }: { ask: Ask; clock: Clock }): Provider {
  const words = settings.contract === 'ogx' ? ogxWords(settings.endpoint) : FIRST_WORDS;
  const answer = async (question: Question): Promise<Verdict> => {
    const token = tokenOf(question);
    const asked = await ask(settings.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ api_key: token, request: shownRequest(question, settings) }),
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      caFile: settings.caFile,
    });
    if (!asked.ok) return outage(asked, settings);
    if (asked.status !== 200) return refused(asked.status, settings);
    return (
      read(asked.body, token, settings) ?? {
        kind: 'no',
        words: 'Invalid authentication response format',
        reason: 'the endpoint said 200 with a body that is not of the contract',
      }
    );
  };
  return {
    name: settings.name,
    words,
    needsCredential: true,
    recheckMs: Math.max(1, settings.cacheSeconds) * 1000,
    ask: remembered(answer, {
      clock,
      cacheMs: settings.cacheSeconds * 1000,
      about: (question) => [JSON.stringify(shownRequest(question, settings))],
      busy: outage(
        { ok: false, kind: 'network', detail: 'too many questions to the endpoint are under way' },
        settings,
      ),
    }),
  };
}

const FIRST_WORDS: Provider['words'] = {
  missing: 'Missing or invalid Authorization header',
  malformed: 'Missing or invalid Authorization header',
  refused: 'Authentication failed',
};

function ogxWords(endpoint: string): Provider['words'] {
  return {
    missing: `Authentication required. Please provide your API key as a Bearer token (validated by ${new URL(endpoint).host})`,
    malformed: 'Invalid Authorization header format',
    refused: 'Authentication failed: 401',
  };
}

/** The part of the request that the endpoint may judge by, and all of it that its answer can depend on. */
function shownRequest(question: Question, { contract }: DelegatedSettings): object {
  const { request } = question;
  const headers = shownHeaders(request);
  const params = paramsOf(request.query);
  if (contract === 'llama-stack-1626') {
    return {
      path: decodedPath(request.path),
      headers: { ...headers, authorization: `Bearer ${tokenOf(question)}` },
      params,
    };
  }
  return { path: decodedPath(request.path), headers, params, method: request.method, client_ip: request.address };
}

function tokenOf({ credential }: Question): string {
  return headerText(credential?.reveal() ?? '');
}

function shownHeaders(request: CanonicalRequest): Record<string, string> {
  const shown: Record<string, string> = {};
  request.names.forEach((name, at) => {
    if (SHOWN_HEADERS.has(name)) shown[name] = headerText(request.headers[at * 2 + 1] ?? '');
  });
  return shown;
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Every value of every name; names without a value are left out. */
function paramsOf(query: string): Record<string, string[]> {
  const params = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (value !== '') params.set(name, [...(params.get(name) ?? []), value]);
  }
  return Object.fromEntries(params);
}

function refused(status: number, { contract }: DelegatedSettings): Verdict {
  const words = contract === 'ogx' ? `Authentication failed: ${status}` : FIRST_WORDS.refused;
  const reason = `the endpoint said ${status}`;
  // The contract answers both alike, but only a clear no may end what runs and be remembered.
  return status >= 500 ? { kind: 'outage', words, reason, status: 401 } : { kind: 'no', words, reason };
}

function outage({ kind, detail }: Unanswered, { contract, outageStatus }: DelegatedSettings): Outage {
  return { kind: 'outage', words: outageWords(kind, contract, outageStatus), reason: detail, status: outageStatus };
}

function outageWords(kind: Unanswered['kind'], contract: DelegatedSettings['contract'], status: number): string {
  if (contract === 'llama-stack-1626') return 'Authentication service error';
  if (status !== 401) return 'Authentication service unavailable';
  return kind === 'timeout' ? 'Authentication service timeout' : 'Authentication service error';
}

/** Every form of reply there was: attributes under two names, the caller's name only since the fifth. Null when it is none. */
function read(body: Buffer, token: string, settings: DelegatedSettings): Vouched | null {
  const reply = objectIn(body);
  const anonymous = hashedName(token, settings.installationId);
  const first = settings.contract === 'llama-stack-1626';
  if (reply === null) return first ? vouched(anonymous, { namespaces: [anonymous] }) : null;
  const told = attributesIn(reply['attributes'] ?? reply['access_attributes']);
  const named = reply['principal'] ?? null;
  const principal = named === null ? anonymous : principalIn(named);
  if (first)
    return vouched(
      principal ?? anonymous,
      told === null || Object.keys(told).length === 0 ? { namespaces: [anonymous] } : told,
    );
  // Before the fifth form only `access_attributes` told that this is an answer at all.
  if (told === null || principal === null || (named === null && (reply['access_attributes'] ?? null) === null))
    return null;
  return vouched(principal, told);
}

function vouched(principal: string, attributes: Record<string, string[]>): Vouched {
  return {
    kind: 'yes',
    principal,
    attributes,
    values: (name) => (Object.hasOwn(attributes, name) ? (attributes[name] ?? []) : []),
    expiresAt: null,
  };
}

/** A name that stays the same and tells nothing of the credential. */
function hashedName(token: string, installationId: string): string {
  return createHmac('sha256', installationId).update(token).digest('hex').slice(0, 32);
}
