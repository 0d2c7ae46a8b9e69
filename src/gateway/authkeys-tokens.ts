import type { AdminApp } from '../admin/caller.js';
import type { AuthkeysTokens } from '../pipeline/authkeys-tokens.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import type { KeyDirectory, KeyLife } from '../keys/key.js';
import { adminCaller } from './answer-admin.js';

/** Lets the admin API act on the tokens of authkeys listeners, so that its rules are the only ones. */
export function createAuthkeysTokens(app: () => Promise<AdminApp>, directory: KeyDirectory): AuthkeysTokens {
  return {
    list: async (exchange) => (await app()).tokens.list(adminCaller(exchange, directory)),
    create: async (exchange, wanted) => (await app()).tokens.create(adminCaller(exchange, directory), wanted),
    revoke: async (exchange, id) => (await app()).tokens.revoke(adminCaller(exchange, directory), id),
  };
}

/** Whether no token of such a listener can be used at this moment: what the original asked once, at its start. */
export async function isWithoutTokens(keys: KeyLife, clock: Clock): Promise<boolean> {
  const now = unixSeconds(clock);
  for (let after: string | undefined; ;) {
    const page = await keys.list(
      { owner: 'authkeys', state: 'active' },
      after === undefined ? { limit: 1000 } : { limit: 1000, after },
    );
    if (page.data.some(({ expiresAt }) => expiresAt === null || expiresAt > now)) return false;
    if (page.next === null) return true;
    after = page.next;
  }
}
