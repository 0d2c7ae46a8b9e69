import type { Clock } from '../core/clock.js';
import type { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Actor } from '../keys/key.js';
import type { AuditPort } from './ports.js';

const MOST_A_MINUTE = 60;
const MOST_ACTORS = 1000;
const MINUTE_MS = 60_000;
/** Refusals that mean somebody tried what he may not do; a malformed body is no attempt at anything. */
const TELLING = new Set([401, 403, 404, 409]);

export interface RefusedAttempts {
  /** Writes a refused attempt to change something into the audit trail. Never rejects. */
  record(attempt: { actor: Actor; act: string; target: string; refusal: Refusal }): Promise<void>;
}

/** At most 60 entries a minute for each actor, so that nobody can fill the trail; the next entry tells how many were left out. */
export function createRefusedAttempts({
  audit,
  clock,
  log,
}: {
  audit: AuditPort;
  clock: Clock;
  log: Log;
}): RefusedAttempts {
  const recent = new Map<string, { sinceMs: number; count: number }>();
  return {
    async record({ actor, act, target, refusal }) {
      if (!TELLING.has(refusal.status)) return;
      const leftOut = admitted(recent, actor.id, clock.monotonic());
      if (leftOut === null) return;
      const details = { reason: refusal.reason, ...(leftOut > 0 ? { left_out: leftOut } : {}) };
      const { id, address, requestId } = actor;
      try {
        await audit.record({
          actor: id,
          address,
          requestId,
          action: act,
          target,
          result: `refused: ${refusal.code}`,
          details,
        });
      } catch (error) {
        log.warn({ act, target, error: String(error) }, 'a refused attempt could not be written to the audit trail');
      }
    },
  };
}

/** How many were left out before this one; null = leave this one out too. */
function admitted(
  recent: Map<string, { sinceMs: number; count: number }>,
  actorId: string,
  nowMs: number,
): number | null {
  const window = recent.get(actorId);
  if (window !== undefined && nowMs - window.sinceMs < MINUTE_MS) {
    window.count += 1;
    return window.count > MOST_A_MINUTE ? null : 0;
  }
  recent.delete(actorId);
  const oldest = recent.keys().next();
  if (recent.size >= MOST_ACTORS && oldest.done !== true) recent.delete(oldest.value);
  recent.set(actorId, { sinceMs: nowMs, count: 1 });
  return Math.max(0, (window?.count ?? 0) - MOST_A_MINUTE);
}
