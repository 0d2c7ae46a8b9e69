import type { Clock } from '../../core/clock.js';
import type { Secret } from '../../core/secret.js';
import { aboutToken, outage } from './about-token.js';
import type { Ask } from './ask.js';
import { attributesOf, USUAL_CLAIMS, valuesOf, type ClaimsMapping } from './claims.js';
import { objectIn, principalIn } from './json.js';
import type { Provider, Verdict } from './provider.js';

export interface IntrospectionSettings {
  name: string;
  url: string;
  clientId: string;
  clientSecret: Secret;
  timeoutMs: number;
  cacheSeconds: number;
  caFile: string | null;
  claimsMapping: ClaimsMapping | undefined;
}

const MAX_ANSWER_BYTES = 65_536;

/** Asks an authorization server about a token (RFC 7662). */
export function createIntrospection(
  settings: IntrospectionSettings,
  { ask, clock }: { ask: Ask; clock: Clock },
): Provider {
  const judged = async (token: string): Promise<Verdict> => {
    const asked = await ask(settings.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        authorization: basic(settings),
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      caFile: settings.caFile,
    });
    if (!asked.ok) return outage(asked.detail);
    // Whatever it says but 200 is about our question, not about the token.
    if (asked.status !== 200)
      return {
        kind: 'outage',
        words: `Token introspection failed: ${asked.status}`,
        reason: `the introspection endpoint said ${asked.status}`,
        status: 401,
      };
    return verdictOn(objectIn(asked.body), settings, clock);
  };
  return {
    name: settings.name,
    words: {
      missing: `Authentication required. Please provide a valid OAuth2 Bearer token validated by ${new URL(settings.url).host}`,
      malformed: 'Invalid Authorization header format',
      refused: 'Token not active',
    },
    ...aboutToken(judged, { cacheSeconds: settings.cacheSeconds, clock }),
  };
}

/** Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1). */
function basic({ clientId, clientSecret }: IntrospectionSettings): string {
  const encoded = [clientId, clientSecret.reveal()].map((part) => new URLSearchParams({ x: part }).toString().slice(2));
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
}

function verdictOn(
  reply: Record<string, unknown> | null,
  { claimsMapping }: IntrospectionSettings,
  clock: Clock,
): Verdict {
  if (reply === null)
    return {
      kind: 'no',
      words: 'Token introspection error',
      reason: 'the introspection endpoint answered no JSON object',
    };
  if (reply['active'] !== true) return { kind: 'no', words: 'Token not active', reason: 'the token is not active' };
  const principal = principalIn(reply['sub'] ?? reply['username']);
  const end = reply['exp'] ?? null;
  if (principal === null || (end !== null && typeof end !== 'number')) {
    return {
      kind: 'no',
      words: 'Token introspection error',
      reason: 'the introspection endpoint named no usable subject or end',
    };
  }
  if (end !== null && end * 1000 <= clock.now())
    return { kind: 'no', words: 'Token not active', reason: 'the token has expired' };
  return {
    kind: 'yes',
    principal,
    attributes: attributesOf(reply, claimsMapping ?? USUAL_CLAIMS),
    values: valuesOf(reply, claimsMapping, USUAL_CLAIMS),
    expiresAt: end === null ? null : Math.floor(end),
  };
}
