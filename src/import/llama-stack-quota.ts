import { MOST_OF } from '../core/limit-bounds.js';
import { isObject, type Verdicts } from './reading.js';

/** What the original takes where a quota does not say. */
const USUAL = { authenticated_max_requests: 1000, anonymous_max_requests: 100 } as const;
const FIELD = 'server.quota';

/**
 * Requests of a UTC day, for each caller. A stack without authentication counts everybody as anonymous.
 * Answers `limits` of the configuration; null when there is no quota, or none that can be kept.
 */
export function quotaLimits(
  quota: unknown,
  { isOpen, verdicts }: { isOpen: boolean; verdicts: Verdicts },
): { requests_per_day: number | string } | null {
  if (quota === undefined || quota === null) return null;
  if (!isObject(quota)) {
    verdicts.refused(FIELD, 'is no map of members');
    return null;
  }
  const { period = 'day', kvstore } = quota;
  if (kvstore !== undefined) verdicts.refused(`${FIELD}.kvstore`, 'Keyporter counts in its own data directory');
  verdicts.refuseUnknown(quota, [...Object.keys(USUAL), 'period', 'kvstore'], `${FIELD}.`);
  if (period !== 'day') {
    verdicts.refused(`${FIELD}.period`, 'the original knows no other period than day');
    return null;
  }
  const member = isOpen ? 'anonymous_max_requests' : 'authenticated_max_requests';
  const amount = quota[member] ?? USUAL[member];
  if (!isAmount(amount)) {
    verdicts.refused(`${FIELD}.${member}`, 'is no whole number from 1; set limits.requests_per_day by hand');
    return null;
  }
  aboutAnonymous({ isOpen, verdicts });
  if (!isOpen)
    verdicts.taken(`${FIELD}.${member}`, 'limits.requests_per_day, for each caller and key without a limit of its own');
  return { requests_per_day: amount };
}

function aboutAnonymous({ isOpen, verdicts }: { isOpen: boolean; verdicts: Verdicts }): void {
  const counted = 'those of auth.local_networks are counted by their address, as local:<address>';
  verdicts.approximated(
    `${FIELD}.anonymous_max_requests`,
    isOpen
      ? `limits.requests_per_day, for each caller; callers without a credential are refused here, and ${counted}`
      : `callers without a credential are refused here; ${counted}, under the limit of everybody else`,
  );
}

/** A number, or a reference to the environment that is filled in when the file is loaded. */
function isAmount(value: unknown): value is number | string {
  if (typeof value === 'string') return /^\$\{[A-Za-z_]\w*(:-[^}]*)?\}$/.test(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= MOST_OF.requests_per_day;
}
