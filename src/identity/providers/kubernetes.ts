import type { Clock } from '../../core/clock.js';
import { aboutToken, outage } from './about-token.js';
import type { Ask } from './ask.js';
import { attributesOf, valuesOf, type ClaimsMapping } from './claims.js';
import { asObject, objectIn, principalIn } from './json.js';
import type { Provider, Verdict } from './provider.js';

export interface KubernetesSettings {
  name: string;
  /** Without a slash at its end. */
  apiServerUrl: string;
  timeoutMs: number;
  cacheSeconds: number;
  caFile: string | null;
  claimsMapping: ClaimsMapping | undefined;
}

const MAX_ANSWER_BYTES = 65_536;
const REVIEW = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
const MAPPING: ClaimsMapping = { username: 'roles', groups: 'roles' };

/** Asks a Kubernetes API server who the holder of the token is, with that very token. */
export function createKubernetes(settings: KubernetesSettings, { ask, clock }: { ask: Ask; clock: Clock }): Provider {
  const judged = async (token: string): Promise<Verdict> => {
    const asked = await ask(`${settings.apiServerUrl}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
      body: REVIEW,
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      caFile: settings.caFile,
    });
    if (!asked.ok) return outage(asked.detail);
    const { status } = asked;
    if (status === 401) return { kind: 'no', words: 'Invalid token', reason: 'the API server said 401' };
    if (status !== 201) {
      const words = `Token validation failed: ${status}`;
      const reason = `the API server said ${status}`;
      return status >= 500 || status === 429
        ? { kind: 'outage', words, reason, status: 401 }
        : { kind: 'no', words, reason };
    }
    return verdictOn(asked.body, settings.claimsMapping);
  };
  return {
    name: settings.name,
    words: {
      missing: `Authentication required. Please provide a valid Kubernetes Bearer token (validated by ${new URL(settings.apiServerUrl).host})`,
      malformed: 'Invalid Authorization header format',
      refused: 'Invalid token',
    },
    ...aboutToken(judged, { cacheSeconds: settings.cacheSeconds, clock }),
  };
}

function verdictOn(body: Buffer, written: ClaimsMapping | undefined): Verdict {
  const claims = asObject(asObject(objectIn(body)?.['status'])?.['userInfo']);
  const principal = principalIn(claims?.['username']);
  if (claims === null || principal === null) {
    return {
      kind: 'no',
      words: 'Token validation error: the answer names no user',
      reason: 'the API server named no user',
    };
  }
  return {
    kind: 'yes',
    principal,
    attributes: attributesOf(claims, written ?? MAPPING),
    values: valuesOf(claims, written, MAPPING),
    expiresAt: null,
  };
}
