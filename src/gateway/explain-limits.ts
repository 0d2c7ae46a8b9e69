import type { ExplainedRule, Explanation } from '../admin/explain-port.js';
import type { Caller } from '../core/caller.js';
import type { Refusal } from '../core/errors.js';
import { LIMIT_FORMS } from '../limits/limit-forms.js';
import { limitRefusal } from '../limits/limit-refusal.js';
import type { Standing } from '../limits/limit-store.js';
import type { Limits } from './limits.js';

const MINUTE_MS = 60_000;
/** When something that runs will end is not known; this is when it is worth asking again. */
const SLOT_WAIT_MS = 1000;

/** What the limits say about a request that every other rule lets pass. */
export interface LimitsVerdict {
  rules: ExplainedRule[];
  standings: Standing[];
  /** Null = it passes. */
  refusal: Refusal | null;
  nextPassAt: Explanation['nextPassAt'];
}

/** Where nothing is counted. */
export const UNLIMITED: LimitsVerdict = { rules: [], standings: [], refusal: null, nextPassAt: null };

export interface LimitsQuestion {
  caller: Caller;
  /** Canonical name; null = none is used. */
  model: string | null;
  /** Unix milliseconds. */
  nowMs: number;
  /** Another moment than now is meant: what stands now is shown, and decides nothing. */
  isAnotherTime: boolean;
}

/**
 * Judges the limits as they stand: a request passes while each of them has something left. How many
 * tokens the request would reserve is not known here, so that one of few tokens is meant.
 */
export function askLimits(limits: Limits, { caller, model, nowMs, isAnotherTime }: LimitsQuestion): LimitsVerdict {
  const { accounts } = limits.accountsOf(caller, model);
  const standings = limits.store.standings(accounts);
  if (isAnotherTime) return { ...UNLIMITED, standings, rules: standings.map((one) => ruleOf(one, 'skip')) };
  const rules = standings.map((one) => ruleOf(one, waitMs(one) === 0 ? 'allow' : 'deny'));
  const spent = standings.filter((one) => waitMs(one) > 0);
  const [last] = spent.sort((one, other) => waitMs(other) - waitMs(one));
  if (last === undefined) return { ...UNLIMITED, standings, rules };
  const retryAfterMs = waitMs(last);
  const context = { self: accounts[0]?.id ?? '', standings, style: 'openai' as const, nowMs };
  return {
    rules,
    standings,
    refusal: limitRefusal({ ...last, retryAfterMs }, context),
    nextPassAt: kindOf(last) === 'running' ? null : Math.ceil((nowMs + retryAfterMs) / 1000),
  };
}

function ruleOf(standing: Standing, answer: ExplainedRule['answer']): ExplainedRule {
  const { limit, account, most, remaining, resetMs } = standing;
  const left = `${Math.round(remaining * 10) / 10} of ${most} left${answer === 'skip' ? ' now' : ''}`;
  const why = resetMs === 0 ? left : `${left}, all of it again in ${Math.ceil(resetMs / 1000)} s`;
  return { rule: `${limit} of ${account}`, answer, why };
}

/** Milliseconds until the limit lets a small request pass; 0 = now. */
function waitMs(standing: Standing): number {
  const { most, remaining, resetMs } = standing;
  const kind = kindOf(standing);
  if (kind === 'running') return remaining > 0 ? 0 : SLOT_WAIT_MS;
  if (kind === 'window') return remaining > 0 ? 0 : Math.max(1, resetMs);
  // The bucket is full after `resetMs`; one is in it when all but one are still missing.
  return remaining >= 1 ? 0 : Math.max(1, Math.ceil(resetMs - ((most - 1) * MINUTE_MS) / most));
}

function kindOf({ limit }: Standing): 'bucket' | 'window' | 'running' {
  return LIMIT_FORMS[limit].kind;
}
