import { isKnownScope } from '../access/scope.js';
import { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';

/** What a proxy or server wants to know about a key. */
export interface Question {
  /** All of them are needed. */
  scopes: readonly string[];
  model: string | null;
  /**
   * The asker's operator wrote the question. Otherwise it came with the request that is being judged, and
   * then it may only ask for more: whoever holds the key would choose what is asked of it.
   */
  vouched: boolean;
}

const USUAL_SCOPE = 'infer';
/** Where the one path is that an operator writes down; what lies below carries path and query of the guarded request. */
export const VERIFY_PATH = '/auth/verify';
const ORIGINAL_TARGET = new Set(['x-forwarded-uri', 'x-original-uri', 'x-original-url']);

/** Reads `?scope=S&model=M`. Refuses with 400 what an operator cannot have meant. */
export function questionOf(request: CanonicalRequest): Question {
  const scopes: string[] = [];
  const models: string[] = [];
  for (const [name, value] of pairsOf(request.query)) {
    if (name === 'scope') scopes.push(...value.split(' ').filter((scope) => scope !== ''));
    if (name === 'model') models.push(value);
  }
  if (!isOperators(request)) {
    return { scopes: [USUAL_SCOPE, ...scopes.filter(isKnownScope)], model: models[0] ?? null, vouched: false };
  }
  const [model = null] = models;
  if (models.length > 1 || model === '') throw bad('model', 'name one model');
  const unknown = scopes.find((scope) => !isKnownScope(scope));
  if (unknown !== undefined) throw bad('scope', `there is no scope "${unknown.slice(0, 64)}"`);
  return { scopes: scopes.length === 0 ? [USUAL_SCOPE] : scopes, model, vouched: true };
}

/** nginx turns everything but 2xx, 401 and 403 into a failure of its own. */
export function isForNginx(query: string): boolean {
  return query.includes('for=nginx') && pairsOf(query).some(([name, value]) => name === 'for' && value === 'nginx');
}

/** Only 401 and 403 are refusals to nginx; it answers 500 in its own name to everything else. */
export function inWordsOfNginx(cause: unknown): Refusal {
  const refusal = cause instanceof Refusal ? cause : new Refusal('internal', { cause });
  if (refusal.status === 401 || refusal.status === 403) return refusal;
  const { code, publicMessage: message, reason, headers } = refusal;
  return new Refusal(code, { message, reason, headers, status: 403, cause: refusal.cause });
}

/** Some proxies put the query of the guarded request behind the path they were told; Envoy its path too. */
function isOperators({ path, query, names, headers }: CanonicalRequest): boolean {
  if (path.startsWith(`${VERIFY_PATH}/`)) return false;
  return !names.some((name, at) => ORIGINAL_TARGET.has(name) && queryOf(headers[at * 2 + 1] ?? '') === query);
}

function queryOf(target: string): string {
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
}

function pairsOf(query: string): [string, string][] {
  return query === '' ? [] : [...new URLSearchParams(query)];
}

function bad(param: string, what: string): Refusal {
  return new Refusal('invalid_value', { message: `The question about a key cannot be answered: ${what}.`, param });
}
