import { decide } from '../access/decide.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { headerValue } from '../core/headers.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { noteFailure } from './verify-failure.js';

/** Marks a refusal that is about the program that asks, never about the key it asks about. */
export const ABOUT_ASKER: readonly string[] = ['x-keyporter-refused', 'asker', 'cache-control', 'no-store'];

/** What the asker shows in the header that every kind of asker can send. */
export function askerHeader({ request }: Exchange): string | null {
  return headerValue(request.headers, 'x-keyporter-asker') ?? null;
}

/**
 * May this program ask about keys at all? Everybody who may not learns nothing about the key asked about:
 * it is not even looked at. `shown` is the asker's key; null = none was sent, which only the
 * networks of a verify listener may do. Refuses with 401, or 403 for a key without `auth:verify`.
 */
export async function identifyAsker(exchange: Exchange, shown: string | null, parts: Parts): Promise<void> {
  const { peer } = exchange.request;
  if (shown === null) {
    if (exchange.askers?.contains(peer) !== true) throw unproven('no key of the asker was sent');
    exchange.asker = 'network';
    return;
  }
  const asker = await parts.identity.callerWith(shown);
  const scope = { needed: 'auth:verify' };
  const nowSeconds = unixSeconds(parts.clock);
  const decision = decide({
    caller: asker?.kind === 'key' ? asker : null,
    asked: { scope, model: null, address: peer },
    nowSeconds,
  });
  if (decision.code === 'missing_scope') {
    throw new Refusal('missing_scope', {
      message: 'The key of the asking program needs the scope "auth:verify".',
      reason: `asker: ${decision.why}`,
      headers: ABOUT_ASKER,
    });
  }
  if (!decision.allowed || asker === null) {
    noteFailure(parts, peer, ABOUT_ASKER);
    throw unproven(decision.why ?? 'denied');
  }
  parts.lastUse.touch(asker.id, asker.secretSlot, nowSeconds);
  exchange.asker = 'key';
}

function unproven(why: string): Refusal {
  return new Refusal('invalid_asker', {
    reason: `asker: ${why}`,
    headers: ['www-authenticate', 'Keyporter realm="keyporter asker"', ...ABOUT_ASKER],
  });
}
