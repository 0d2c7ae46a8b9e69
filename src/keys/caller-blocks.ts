import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { CallerBlocks } from './key.js';
import type { KeyStore } from './key-store.js';

const LONGEST_ID = 300;

/** Blocks callers without a key of ours over a store. */
export function createCallerBlocks(store: KeyStore, clock: Clock): CallerBlocks {
  return {
    list: () => store.blockedCallers(),
    async set(id, blocked, actor) {
      if (!/^[a-z0-9][a-z0-9_-]{0,31}:[^\p{C}]+$/u.test(id) || id.length > LONGEST_ID) {
        throw new Refusal('invalid_value', {
          message: 'A caller without a key is named <provider>:<principal>, for example jwt:alice.',
          param: 'id',
        });
      }
      await store.setCallerBlocked({ id, blocked }, { actor, at: unixSeconds(clock) });
    },
  };
}
