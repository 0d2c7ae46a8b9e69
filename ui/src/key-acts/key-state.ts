import type { KeyBody } from '../api/keys.js';

/** The state as people mean it: an active key whose time is over does not work. */
export function stateOf({ state, expires_at: expiresAt }: KeyBody, now: number): string {
  return state === 'active' && expiresAt !== null && expiresAt <= now ? 'expired' : state;
}
