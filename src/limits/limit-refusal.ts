import { Refusal } from '../core/errors.js';
import { LIMIT_FORMS, limitedBy } from './limit-forms.js';
import { instant, windowStart, limitHeaders, type HeaderStyle } from './limit-headers.js';
import type { Denial, Standing } from './limit-store.js';
import { tightest } from './tightest.js';

/** The OpenAI SDKs do not wait longer than this: they fall back to half a second. */
const LONGEST_CLIENT_WAIT_MS = 60_000;
/** What clients of a Llama Stack know a quota of requests by. */
const STACK_QUOTA = 'Quota exceeded';
const NO_RETRY: readonly string[] = ['x-should-retry', 'false'];

export interface DenialContext {
  /** Account of the caller itself. */
  self: string;
  /** Every limit of the request's accounts as it stands, for the headers. */
  standings: readonly Standing[];
  style: HeaderStyle;
  /** Unix milliseconds. */
  nowMs: number;
}

/**
 * What a caller is told who ran into a limit: which one, and when there is room again. Waiting helps
 * with a rate, so it gets a `retry-after`; a budget that is gone is not worth asking again by itself.
 */
export function limitRefusal(denial: Denial, context: DenialContext): Refusal {
  const isQuota = isBudget(denial);
  const details = {
    message: `${happened(denial, context.self)} ${nextStep(denial, context.nowMs)}`,
    rule: denial.limit,
    reason: `${denial.limit} of ${denial.account}: ${denial.remaining} of ${denial.most} left`,
    headers: [...retryHeaders(denial, isQuota), ...standingHeaders(denial, context)],
    ...(denial.limit === 'requests_per_day' ? { inContract: STACK_QUOTA } : {}),
  };
  if (isQuota) return new Refusal('insufficient_quota', details);
  return new Refusal('rate_limit_exceeded', { ...details, type: limitedBy(denial.limit) ?? 'requests' });
}

/** Tokens of a day or a month, and engine time. */
function isBudget({ limit }: Denial): boolean {
  const { kind, of } = LIMIT_FORMS[limit];
  return kind === 'window' && of !== 'requests';
}

function retryHeaders({ limit, retryAfterMs }: Denial, isQuota: boolean): readonly string[] {
  if (isQuota || retryAfterMs === null) return NO_RETRY;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const wait = ['retry-after', String(seconds), 'retry-after-ms', String(Math.ceil(retryAfterMs))];
  const isLong = retryAfterMs > LONGEST_CLIENT_WAIT_MS || LIMIT_FORMS[limit].kind === 'window';
  return isLong ? [...wait, ...NO_RETRY] : wait;
}

/** The limit that refused stands in the headers of its kind; beside it the tightest of the other kind. */
function standingHeaders(denial: Denial, { standings, style, nowMs }: DenialContext): string[] {
  const standing = tightest(standings);
  const on = limitedBy(denial.limit);
  if (on !== null) standing[on] = denial;
  return limitHeaders(standing, style, nowMs);
}

function happened(denial: Denial, self: string): string {
  const { limit, most, remaining, retryAfterMs } = denial;
  const named = `The limit ${limit} of ${whose(denial.account, self)} is ${most}`;
  if (retryAfterMs === null) return `${named}, and this request alone needs more.`;
  if (LIMIT_FORMS[limit].kind === 'running') return `${named}, and as many requests run now.`;
  if (remaining < 1) return `${named} and is used up.`;
  return `${named}, and the ${remaining} left are too few for this request.`;
}

function nextStep({ limit, retryAfterMs }: Denial, nowMs: number): string {
  const { kind } = LIMIT_FORMS[limit];
  if (retryAfterMs === null) return 'Send a smaller request, or ask for a higher limit.';
  if (kind === 'running') return 'Try again when one of them has ended.';
  if (kind === 'bucket') return `Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`;
  return `It begins anew at ${instant(windowStart(nowMs + retryAfterMs))}; until then ask for a higher limit.`;
}

/** Whose limit it is, seen from the caller; who else shares it is not told. */
function whose(account: string, self: string): string {
  if (account.startsWith('owner:')) return "this key's owner";
  if (account.startsWith('model:')) return 'this model';
  if (account !== self) return 'the key this one was derived from';
  return account.startsWith('key:') ? 'this key' : 'this caller';
}
