import type { Clock } from '../../core/clock.js';
import type { Outage, Provider, Verdict } from './provider.js';
import { remembered } from './remembered.js';

/** The provider could not be asked. */
export function outage(reason: string): Outage {
  return { kind: 'outage', words: 'Authentication service unavailable', reason, status: 503 };
}

/** The part of a provider whose answer depends on the token alone: asked once, remembered, asked again while streams run. */
export function aboutToken(
  judged: (token: string) => Promise<Verdict>,
  { cacheSeconds, clock }: { cacheSeconds: number; clock: Clock },
): Pick<Provider, 'needsCredential' | 'recheckMs' | 'ask'> {
  return {
    needsCredential: true,
    recheckMs: Math.max(1, cacheSeconds) * 1000,
    ask: remembered(({ credential }) => judged(credential?.reveal() ?? ''), {
      clock,
      cacheMs: cacheSeconds * 1000,
      about: () => [],
      busy: outage('too many questions are under way'),
    }),
  };
}
