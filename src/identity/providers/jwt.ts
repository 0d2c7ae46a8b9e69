import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../core/clock.js';
import type { Ask } from './ask.js';
import { attributesOf, USUAL_CLAIMS, valuesOf, type ClaimsMapping } from './claims.js';
import { principalIn } from './json.js';
import { createKeySet, KeysUnavailable, type KeySet, type KeySetSettings } from './key-set.js';
import type { Outage, Provider, Verdict } from './provider.js';
import { remembered } from './remembered.js';

export interface JwtSettings {
  name: string;
  issuer: string;
  audience: string;
  algorithms: readonly string[];
  keySet: KeySetSettings;
  cacheSeconds: number;
  claimsMapping: ClaimsMapping | undefined;
}

const OUTAGE: Outage = {
  kind: 'outage',
  words: 'Authentication service unavailable',
  reason: 'the keys of the issuer cannot be fetched',
  status: 503,
};

/** Checks signed tokens with the keys of their issuer. Algorithms are pinned; issuer, audience, end and subject must be there. */
export function createJwt(settings: JwtSettings, parts: { ask: Ask; clock: Clock }): Provider {
  const keySet = createKeySet(settings.keySet, parts);
  return {
    name: settings.name,
    words: {
      missing: `Authentication required. Please provide a valid OAuth2 Bearer token from ${settings.issuer}`,
      malformed: 'Invalid Authorization header format',
      refused: 'Invalid JWT token',
    },
    needsCredential: true,
    recheckMs: Math.max(1, settings.cacheSeconds) * 1000,
    ask: remembered(({ credential }) => judged(credential?.reveal() ?? '', { settings, keySet, clock: parts.clock }), {
      clock: parts.clock,
      cacheMs: settings.cacheSeconds * 1000,
      about: () => [],
      busy: OUTAGE,
    }),
  };
}

interface Judging {
  settings: JwtSettings;
  keySet: KeySet;
  clock: Clock;
}

async function judged(token: string, { settings, keySet, clock }: Judging): Promise<Verdict> {
  const check = async (keys: JWTVerifyGetKey): Promise<JWTPayload> => {
    const { issuer, audience, algorithms } = settings;
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
    });
    return payload;
  };
  if (!isMeant(token, settings)) return refusal(null);
  try {
    return verdictOn(await check(await keySet.keys()), settings);
  } catch (error) {
    if (error instanceof KeysUnavailable) return OUTAGE;
    if (!(error instanceof errors.JWKSNoMatchingKey)) return refusal(error);
  }
  // A new key of the issuer, or a made-up one: worth one look, and no more of them than the key set allows.
  try {
    if (!(await keySet.lookAgain())) return refusal(new errors.JWKSNoMatchingKey());
    return verdictOn(await check(await keySet.keys()), settings);
  } catch (error) {
    return refusal(error);
  }
}

/** Text that is no token of this issuer is refused without a look at any key. Nothing else is taken from what was not checked. */
function isMeant(token: string, { issuer, algorithms }: JwtSettings): boolean {
  try {
    return decodeJwt(token).iss === issuer && algorithms.includes(decodeProtectedHeader(token).alg ?? '');
  } catch {
    return false;
  }
}

function verdictOn(claims: JWTPayload, { claimsMapping }: JwtSettings): Verdict {
  const principal = principalIn(claims.sub);
  if (principal === null)
    return { kind: 'no', words: 'Authentication service error', reason: 'the token names no usable subject' };
  return {
    kind: 'yes',
    principal,
    attributes: attributesOf(claims, claimsMapping ?? USUAL_CLAIMS),
    values: valuesOf(claims, claimsMapping, USUAL_CLAIMS),
    expiresAt: Math.floor(claims.exp ?? 0),
  };
}

/** The library's codes name what was wrong and never hold the token. */
function refusal(error: unknown): Verdict {
  const reason =
    error instanceof errors.JOSEError ? `the token was refused: ${error.code}` : 'it is no token of this issuer';
  return { kind: 'no', words: 'Invalid JWT token', reason };
}
