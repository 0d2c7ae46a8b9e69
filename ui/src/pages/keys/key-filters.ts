import type { KeyBody } from '../../api/keys.js';
import type { AddressForm } from '../../parts/address-state.js';

const DAY_SECONDS = 86_400;
const SOON_SECONDS = 14 * DAY_SECONDS;
const LONG_SECONDS = 90 * DAY_SECONDS;

export type KeyFilterName = 'usable' | 'all' | 'expiring' | 'unused' | 'expired' | 'disabled' | 'revoked';

export const KEY_FILTERS: readonly { name: KeyFilterName; words: string; command: string }[] = [
  { name: 'usable', words: 'Not revoked', command: 'keyporter keys list' },
  { name: 'expiring', words: 'Expire within 14 days', command: 'keyporter keys list --expiring 14d' },
  { name: 'unused', words: 'Unused for 90 days', command: 'keyporter keys list --unused-for 90d' },
  { name: 'expired', words: 'Expired', command: 'keyporter keys list --state active' },
  { name: 'disabled', words: 'Disabled', command: 'keyporter keys list --state disabled' },
  { name: 'revoked', words: 'Revoked', command: 'keyporter keys list --state revoked' },
  { name: 'all', words: 'All keys', command: 'keyporter keys list' },
];

/** The filter in the address of the page. */
export const FILTER_IN_ADDRESS: AddressForm<KeyFilterName> = {
  read: (search) => KEY_FILTERS.find(({ name }) => name === search.get('show'))?.name ?? 'usable',
  write: (name) => ({ show: name === 'usable' ? '' : name }),
};

/** True when `key` belongs to what the filter shows at `now` (Unix seconds). */
export function passes(key: KeyBody, filter: KeyFilterName, now: number): boolean {
  const expired = key.expires_at !== null && key.expires_at <= now;
  switch (filter) {
    case 'all':
      return true;
    case 'usable':
      return key.state !== 'revoked';
    case 'expiring':
      return key.state !== 'revoked' && !expired && key.expires_at !== null && key.expires_at <= now + SOON_SECONDS;
    case 'unused':
      return key.state !== 'revoked' && (key.last_used_at ?? key.created_at) <= now - LONG_SECONDS;
    case 'expired':
      return key.state !== 'revoked' && expired;
    case 'disabled':
    case 'revoked':
      return key.state === filter;
  }
}
