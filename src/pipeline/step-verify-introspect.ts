import type { Caller } from '../core/caller.js';
import { Refusal } from '../core/errors.js';
import { headerValue } from '../core/headers.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { answerJson } from './step-answer.js';
import type { Step } from './steps.js';
import { askerHeader, identifyAsker } from './verify-asker.js';
import { heldScopes, isBoundToModels, isInference, known, subjectAddress } from './verify-subject.js';

const FORM_TYPE = /^application\/x-www-form-urlencoded(?: *; *charset="?utf-8"?)? *;? *$/i;
/** A token, a client id, a secret and a hint. */
const MAX_FORM_BYTES = 16_384;
const SINGLE = ['token', 'client_id', 'client_secret', 'token_type_hint'];

/** Reads a small form. Refuses with 400, 413 or 415. */
export const readForm: Step = async (exchange) => {
  const { request, source } = exchange;
  if (request.contentType === null || !FORM_TYPE.test(request.contentType) || request.contentEncoding !== null) {
    throw new Refusal('unsupported_media_type', { message: 'Send the body as application/x-www-form-urlencoded.' });
  }
  exchange.body = await source.readBody({ maxBytes: MAX_FORM_BYTES, contentLength: request.contentLength });
  exchange.bodyRead = true;
};

/** Token introspection (RFC 7662). A token that is not active is answered with nothing but that. */
export function createAnswerIntrospect(parts: Parts): Step {
  return async (exchange) => {
    const form = new URLSearchParams(need(exchange.body, 'body').toString('utf8'));
    for (const name of SINGLE) if (form.getAll(name).length > 1) throw bad(`send ${name} once`, name);
    await identifyAsker(exchange, askersKey(exchange, form.get('client_secret')), parts);
    const token = form.get('token');
    if (token === null || token === '') throw bad('send the token in question', 'token');
    const holder = await holderOf(exchange, token, parts);
    answerJson(exchange, holder === null ? { active: false } : described(holder), {
      headers: ['cache-control', 'no-store'],
    });
  };
}

/**
 * Null when the token is not active, for whatever reason. One wrong token too many is no other answer: the
 * asker has proven itself, and would take 429 for a failure that concerns its good tokens too.
 */
async function holderOf(exchange: Exchange, token: string, parts: Parts): Promise<Caller | null> {
  try {
    return await known(exchange, { key: token, address: subjectAddress(exchange, parts) }, parts);
  } catch (refusal) {
    if (refusal instanceof Refusal && (refusal.code === 'invalid_api_key' || refusal.rule === 'failures_per_minute'))
      return null;
    throw refusal;
  }
}

/** Whoever reads scopes alone would take a key that is bound to models for one that is not: then no scope of inference is named. */
function described(holder: Caller): object {
  const bound = isBoundToModels(holder);
  const scopes = heldScopes(holder).filter((scope) => !bound || !isInference(scope));
  return {
    active: true,
    scope: scopes.join(' '),
    sub: holder.owner ?? holder.id,
    client_id: holder.id,
    token_type: 'Bearer',
    ...(holder.expiresAt === null ? {} : { exp: holder.expiresAt }),
    ...(bound ? { models: holder.bounds.flatMap(({ models }) => (models.length === 0 ? [] : [models])) } : {}),
  };
}

/** The asker may show his key where clients of RFC 7662 put theirs. */
function askersKey(exchange: Exchange, clientSecret: string | null): string | null {
  const shown = new Set<string>();
  for (const value of [askerHeader(exchange), fromAuthorization(exchange), clientSecret])
    if (value !== null) shown.add(value);
  if (shown.size > 1) throw new Refusal('conflicting_credentials');
  return [...shown][0] ?? null;
}

function fromAuthorization({ request }: Exchange): string | null {
  const value = headerValue(request.headers, 'authorization');
  if (value === undefined) return null;
  const [, scheme = '', rest = ''] = /^(bearer|basic) (\S+)$/i.exec(value) ?? [];
  if (scheme.toLowerCase() === 'bearer') return rest;
  // What is no credential of a known form is a wrong one: it must not pass for none.
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  return pair.includes(':') ? decoded(pair.slice(pair.indexOf(':') + 1)) : '';
}

/** Clients of OAuth encode what they put into Basic (RFC 6749, section 2.3.1). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bad(what: string, param: string): Refusal {
  return new Refusal('bad_request', { message: `The request was refused: ${what}.`, param });
}
