import { expect, test } from 'vitest';
import type { Caller } from '../core/caller.js';
import type { LimitSettings } from '../core/limits.js';
import { createAccountsOf } from './accounts-of.js';

const ALL: LimitSettings = { default_output_tokens: 1024, weight: 1, priority: 'normal' };

/** What a request of this key, of the owner alice, to the model qwen3 gets. */
function share(own: LimitSettings, ofOwner: LimitSettings, ofModel: LimitSettings): unknown[] {
  const accountsOf = createAccountsOf({
    defaults: ALL,
    owners: new Map([['alice', ofOwner]]),
    models: new Map([['qwen3', ofModel]]),
    keyLimits: () => own,
    ownerLimits: () => null,
  });
  const caller = { kind: 'key', id: 'k', owner: 'alice', lineage: [] } as unknown as Caller;
  const { defaultOutputTokens, weight, priority } = accountsOf(caller, 'qwen3');
  return [defaultOutputTokens, weight, priority];
}

test('the key comes before its owner, the owner before the model, and the model before what holds for all', () => {
  const [own, owner, model] = [
    { default_output_tokens: 1, weight: 2, priority: 'low' },
    { default_output_tokens: 3, weight: 4, priority: 'high' },
    { default_output_tokens: 5 },
  ] as const;
  expect(share(own, owner, model)).toEqual([1, 2, 'low']);
  expect(share({}, owner, model)).toEqual([3, 4, 'high']);
  expect(share({}, {}, model)).toEqual([5, 1, 'normal']);
  expect(share({}, {}, {})).toEqual([1024, 1, 'normal']);
  expect(share({ weight: 7 }, { priority: 'low' }, model)).toEqual([5, 7, 'low']);
});
