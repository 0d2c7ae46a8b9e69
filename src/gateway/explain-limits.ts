import type { ExplainedRule, Explanation } from '../admin/explain-port.js';
import { Refusal } from '../core/errors.js';
import { LIMIT_FORMS } from '../limits/limit-forms.js';
import type { Standing } from '../limits/limit-store.js';

const MINUTE_MS = 60_000;

/** What the limits say about a request that every other rule lets pass. */
export interface LimitsVerdict {
  rules: ExplainedRule[];
  /** Null = it passes. */
  refusal: Refusal | null;
  nextPassAt: Explanation['nextPassAt'];
}

/**
 * Judges the limits as they stand: a request passes while each of them has something left. How many
 * tokens the request would reserve is not known here, so that one of few tokens is meant.
 */
export function judgeLimits(standings: readonly Standing[], nowMs: number): LimitsVerdict {
  const rules = standings.map((standing) => ({
    rule: `${standing.limit} of ${standing.account}`,
    answer: waitMs(standing) === 0 ? ('allow' as const) : ('deny' as const),
    why: `${count(standing.remaining)} of ${count(standing.most)} left${resetWords(standing)}`,
  }));
  const spent = standings.filter((_, at) => rules[at]?.answer === 'deny');
  const first = spent.toSorted((one, other) => patience(other) - patience(one))[0];
  if (first === undefined) return { rules, refusal: null, nextPassAt: null };
  const wait = waitMs(first);
  return {
    rules,
    refusal: refusalBy(first),
    nextPassAt: wait === null ? null : Math.ceil((nowMs + wait) / 1000),
  };
}

/** Milliseconds until the limit lets a small request pass; 0 = now, null = when something that runs has ended. */
function waitMs({ limit, most, remaining, resetMs }: Standing): number | null {
  const { kind } = LIMIT_FORMS[limit];
  if (kind === 'bucket') return remaining >= 1 ? 0 : Math.max(1, Math.ceil(resetMs - ((most - 1) * MINUTE_MS) / most));
  if (remaining > 0) return 0;
  return kind === 'running' ? null : resetMs;
}

/** What takes longest decides when it would pass. */
function patience(standing: Standing): number {
  return waitMs(standing) ?? 0;
}

function refusalBy(standing: Standing): Refusal {
  const isBudget = LIMIT_FORMS[standing.limit].kind === 'window';
  const what = `${standing.limit} of ${standing.account}`;
  return isBudget
    ? new Refusal('insufficient_quota', { message: `The budget ${what} is used up.` })
    : new Refusal('rate_limit_exceeded', { message: `The limit ${what} is reached.` });
}

function resetWords({ limit, resetMs }: Standing): string {
  if (LIMIT_FORMS[limit].kind === 'running' || resetMs === 0) return '';
  return `, all of it again in ${Math.ceil(resetMs / 1000)} s`;
}

function count(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}
