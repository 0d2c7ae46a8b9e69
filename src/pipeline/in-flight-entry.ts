import { decide } from '../access/decide.js';
import type { Caller } from '../core/caller.js';
import type { StreamEnd } from '../core/errors.js';
import type { InFlight } from '../inflight/registry.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { askedRoute } from './step-identify.js';

/** What is kept of a request among all that runs, so that it can be shown, judged anew and ended. */
export function inFlightEntry(exchange: Exchange, caller: Caller, parts: Parts): InFlight {
  const entry: InFlight = {
    id: exchange.id,
    callerId: caller.id,
    lineage: caller.lineage,
    owner: caller.owner,
    model: exchange.model?.name ?? null,
    replica: null,
    method: exchange.request.method,
    path: exchange.request.path,
    address: exchange.request.address,
    startedAtMs: exchange.startedAtMs,
    expiresAt: caller.expiresAt,
    phase: 'connecting',
    queue: null,
    bytesOut: 0,
    end() {},
    recheck: (nowSeconds) => endOf(exchange, caller, { nowSeconds, parts, entry }),
  };
  return entry;
}

/** What has changed for a caller whose request runs; the same decision as at its beginning. */
function endOf(
  exchange: Exchange,
  before: Caller,
  { nowSeconds, parts, entry }: { nowSeconds: number; parts: Parts; entry: InFlight },
): StreamEnd | null {
  // The secret shown at the beginning may be the one that is being rotated out: its own end holds too.
  if (before.secretSlot === 'previous' && before.expiresAt !== null && before.expiresAt <= nowSeconds)
    return 'key_expired';
  const caller = parts.identity.present(before);
  if (before.secretSlot === 'current') entry.expiresAt = caller?.expiresAt ?? null;
  const scope = exchange.scope === undefined ? exchange.route.scope : exchange.scope;
  const model = exchange.model;
  const decision = decide({
    caller,
    asked: {
      scope,
      model,
      address: exchange.request.address,
      route: askedRoute(exchange.route, exchange.request.path, parts.settings().routePolicy),
    },
    nowSeconds,
  });
  if (decision.allowed) return null;
  if (decision.rule === 'not expired') return 'key_expired';
  if (caller === null || caller.state === 'revoked') return 'key_revoked';
  return caller.state === 'disabled' || caller.ownerDisabled || !caller.ancestorsAlive
    ? 'key_disabled'
    : 'stream_ended';
}
