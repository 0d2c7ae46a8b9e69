import { describe, expect, it } from 'vitest';
import type { Caller } from '../core/caller.js';
import type { LimitSettings } from '../core/limits.js';
import { createAccountsOf, type AccountsOf, type LimitSources } from './accounts-of.js';

function caller(more: Partial<Caller> = {}): Caller {
  return {
    id: 'child',
    kind: 'key',
    owner: null,
    state: 'active',
    ancestorsAlive: true,
    ownerDisabled: false,
    expiresAt: null,
    bounds: [],
    lineage: [],
    secretSlot: 'current',
    attributes: {},
    ...more,
  };
}

function accountsOf(sources: Partial<LimitSources> = {}): AccountsOf {
  return createAccountsOf({
    defaults: {},
    owners: new Map(),
    models: new Map(),
    keyLimits: () => null,
    ownerLimits: () => null,
    ...sources,
  });
}

/** What a lookup by id finds. */
function among(known: Record<string, LimitSettings>): (id: string) => LimitSettings | null {
  return (id) => known[id] ?? null;
}

describe('who is charged', () => {
  it('is the key, every key it was derived from, its owner and the model, in this order', () => {
    const of = accountsOf({ models: new Map([['small', {}]]) });
    const { accounts } = of(caller({ lineage: ['parent', 'root'], owner: 'alice' }), 'small');
    expect(accounts.map(({ id }) => id)).toEqual(['key:child', 'key:parent', 'key:root', 'owner:alice', 'model:small']);
  });

  it('is the caller alone, where it has no key, no owner and no model that is known', () => {
    const of = accountsOf();
    expect(of(caller({ id: 'jwt:bob', kind: 'delegate' }), 'made-up').accounts.map(({ id }) => id)).toEqual([
      'caller:jwt:bob',
    ]);
    expect(of(caller({ id: 'local:127.0.0.1', kind: 'local' }), null).accounts.map(({ id }) => id)).toEqual([
      'caller:local:127.0.0.1',
    ]);
  });

  it('the defaults of the configuration hold member by member where a key or an ancestor has no value of its own', () => {
    const of = accountsOf({
      defaults: { requests_per_minute: 60, tokens_per_day: 1000 },
      keyLimits: among({ child: { tokens_per_day: 5 }, parent: { requests_per_minute: null } }),
    });
    const { accounts } = of(caller({ lineage: ['parent'] }), null);
    expect(accounts.map(({ limits }) => [limits.requests_per_minute, limits.tokens_per_day])).toEqual([
      [60, 5],
      [null, 1000],
    ]);
  });

  it('the defaults are not those of owners and models', () => {
    const of = accountsOf({
      defaults: { requests_per_minute: 60 },
      models: new Map([['small', { tokens_per_day: 9 }]]),
    });
    const [, owner, model] = of(caller({ owner: 'alice' }), 'small').accounts;
    expect([owner?.limits, model?.limits]).toEqual([{}, { tokens_per_day: 9 }]);
  });

  it('what an owner was given in the store wins member by member over the configuration', () => {
    const of = accountsOf({
      owners: new Map([['alice', { tokens_per_day: 100, requests_per_day: 7, concurrent_requests: 2 }]]),
      ownerLimits: among({ alice: { tokens_per_day: 50, concurrent_requests: null } }),
    });
    expect(of(caller({ owner: 'alice' }), null).accounts[1]?.limits).toEqual({
      tokens_per_day: 50,
      requests_per_day: 7,
      concurrent_requests: null,
    });
  });

  it('names that objects have by themselves are names like others', () => {
    const of = accountsOf();
    expect(of(caller({ owner: '__proto__' }), 'constructor').accounts.map(({ id }) => id)).toEqual([
      'key:child',
      'owner:__proto__',
    ]);
  });
});

describe('the share of a caller', () => {
  it('is its own where it has one, else the default', () => {
    const of = accountsOf({
      defaults: { weight: 2, priority: 'low', default_output_tokens: 500 },
      keyLimits: among({ child: { weight: 5 } }),
    });
    expect(of(caller(), null)).toMatchObject({ weight: 5, priority: 'low', defaultOutputTokens: 500 });
    expect(accountsOf()(caller(), null)).toMatchObject({ weight: 1, priority: 'normal', defaultOutputTokens: 1024 });
  });
});

describe('the share of a derived key', () => {
  const child: LimitSettings = { weight: 9, priority: 'high', default_output_tokens: 900 };

  it('is never better than what each key it comes from has now, one after the other lowered', () => {
    const known: Record<string, LimitSettings> = { child, parent: { ...child }, root: { ...child } };
    const of = accountsOf({ keyLimits: among(known) });
    const derived = caller({ lineage: ['parent', 'root'] });
    expect(of(derived, null)).toMatchObject({ weight: 9, priority: 'high', defaultOutputTokens: 900 });
    known['parent'] = { ...child, weight: 3, default_output_tokens: 100 };
    expect(of(derived, null)).toMatchObject({ weight: 3, priority: 'high', defaultOutputTokens: 100 });
    known['root'] = { ...child, weight: 5, priority: 'low' };
    expect(of(derived, null)).toMatchObject({ weight: 3, priority: 'low', defaultOutputTokens: 100 });
  });

  it('is bounded by what its parent has from its owner or by default, and stays below where it is less itself', () => {
    const of = accountsOf({
      defaults: { weight: 2 },
      owners: new Map([['alice', { default_output_tokens: 50 }]]),
      keyLimits: among({ child: { ...child, priority: 'low' }, parent: { priority: 'high' } }),
    });
    const derived = caller({ lineage: ['parent'], owner: 'alice' });
    expect(of(derived, null)).toMatchObject({ weight: 2, priority: 'low', defaultOutputTokens: 50 });
  });
});

describe('from one request to the next', () => {
  it('the same objects come back while nothing changed, also for another key of the same policy', () => {
    const shared = Object.freeze({ tokens_per_day: 5 });
    const of = accountsOf({ keyLimits: () => shared });
    const [first, again, other] = [of(caller(), null), of(caller(), null), of(caller({ id: 'other' }), null)];
    expect(again.accounts[0]).toBe(first.accounts[0]);
    expect(other.accounts[0]?.limits).toBe(first.accounts[0]?.limits);
  });

  it('a change of own limits holds for the next request', () => {
    const known: Record<string, LimitSettings> = { child: { tokens_per_day: 5 } };
    const of = accountsOf({ keyLimits: among(known), ownerLimits: among(known) });
    of(caller({ owner: 'alice' }), null);
    known['child'] = { tokens_per_day: 3 };
    known['alice'] = { requests_per_day: 1 };
    expect(of(caller({ owner: 'alice' }), null).accounts.map(({ limits }) => limits)).toMatchObject([
      { tokens_per_day: 3 },
      { requests_per_day: 1 },
    ]);
  });

  it('more callers than are remembered cost nothing but time', () => {
    const of = accountsOf({ keyLimits: () => null });
    const ids = Array.from({ length: 25_000 }, (_, count) => `k${count}`);
    const found = ids.map((id) => of(caller({ id }), null).accounts[0]?.id);
    expect(found).toEqual(ids.map((id) => `key:${id}`));
  });
});
