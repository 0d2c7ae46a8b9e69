import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_WEIGHT, PRIORITIES } from '../core/limit-bounds.js';
import { LIMIT_NAMES, type LimitSettings } from '../core/limits.js';
import { isWithin, tighterOf } from '../core/tighter-limits.js';
import type { KeyPolicy } from '../keys/key.js';
import { lacking, lackingWhenDerived } from './grant.js';

function policy(limits: LimitSettings, scopes: string[] = ['infer', 'keys:write']): KeyPolicy {
  return { owner: null, scopes, models: [], allowIps: [], limits, attributes: {} };
}

function asAdministrator(limits: LimitSettings): KeyPolicy {
  return policy(limits, ['admin']);
}

const limitsArbitrary = fc.record(
  {
    requests_per_minute: fc.option(fc.integer({ min: 1, max: 9 })),
    tokens_per_day: fc.option(fc.integer({ min: 1, max: 9 })),
    concurrent_requests: fc.option(fc.integer({ min: 1, max: 9 })),
    weight: fc.integer({ min: 1, max: MOST_WEIGHT }),
    priority: fc.constantFrom(...PRIORITIES),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<LimitSettings>;

describe('a maker with a limit', () => {
  it.each([
    [{ tokens_per_day: 100 }, { tokens_per_day: 100 }],
    [{ tokens_per_day: 100 }, { tokens_per_day: 1, requests_per_day: 5 }],
    [{ tokens_per_day: null }, {}],
    [
      { weight: 3, priority: 'high' },
      { weight: 3, priority: 'low' },
    ],
  ] as [LimitSettings, LimitSettings][])('of %j may make a key with %j', (held, asked) => {
    expect(lacking(asAdministrator(held), policy(asked), {})).toBeNull();
  });

  it.each([
    [{ tokens_per_day: 100 }, {}, 'bound to tokens_per_day 100'],
    [{ tokens_per_day: 100 }, { tokens_per_day: null }, 'tokens_per_day must be at most 100'],
    [{ tokens_per_day: 100 }, { tokens_per_day: 101 }, 'tokens_per_day 101 is more than 100'],
    [{ weight: 3 }, { weight: 4 }, 'weight 4 is more than 3'],
    [{ priority: 'low' }, {}, 'priority normal comes before low'],
    [{ priority: 'low' }, { priority: 'high' }, 'priority high comes before low'],
  ] as [LimitSettings, LimitSettings, string][])('of %j makes none with %j', (held, asked, sentence) => {
    expect(lacking(asAdministrator(held), policy(asked), {})).toContain(sentence);
  });

  it('makes only keys that give at most what it has, whatever the limits', () => {
    fc.assert(
      fc.property(limitsArbitrary, limitsArbitrary, (held, asked) => {
        if (lacking(policy(held), policy(asked), {}) !== null) return;
        for (const name of LIMIT_NAMES) expect(isWithin(asked[name] ?? null, held[name] ?? null)).toBe(true);
        expect(asked.weight ?? 1).toBeLessThanOrEqual(held.weight ?? 1);
      }),
    );
  });

  it('may make keys like itself and keys that are bound by more', () => {
    fc.assert(
      fc.property(limitsArbitrary, limitsArbitrary, (held, more) => {
        expect(lacking(policy(held), policy(held), {})).toBeNull();
        const { weight: _weight, priority: _priority, ...amounts } = more;
        expect(lacking(policy(held), policy(tighterOf(held, amounts)), {})).toBeNull();
      }),
    );
  });
});

describe('the usual limits', () => {
  const usual = { requests_per_minute: 60 };

  it('bind what a maker without the scope admin may give', () => {
    expect(lacking(policy({}), policy({}), usual)).toBeNull();
    expect(lacking(policy({}), policy({ requests_per_minute: 60 }), usual)).toBeNull();
    expect(lacking(policy({}), policy({ requests_per_minute: null }), usual)).not.toBeNull();
    expect(lacking(policy({}), policy({ requests_per_minute: 61 }), usual)).not.toBeNull();
    expect(lacking(policy({ requests_per_minute: 90 }), policy({ requests_per_minute: 90 }), usual)).toBeNull();
    expect(lacking(policy({}), policy({ weight: 2 }), { weight: 1 })).not.toBeNull();
  });

  it('do not keep an administrator from giving other values', () => {
    expect(
      lacking(asAdministrator({}), policy({ requests_per_minute: null, weight: 9, priority: 'high' }), usual),
    ).toBe(null);
  });
});

describe('a derived key', () => {
  it.each([
    [{ tokens_per_day: 100 }, {}],
    [{ tokens_per_day: 100 }, { tokens_per_day: 100 }],
    [{ tokens_per_day: 100 }, { requests_per_day: 1 }],
    [{}, { tokens_per_day: 5, weight: 1, priority: 'low' }],
  ] as [LimitSettings, LimitSettings][])('under %j may have %j', (held, asked) => {
    expect(lackingWhenDerived(policy(held), policy(asked), {})).toBeNull();
  });

  it.each([
    [{ tokens_per_day: 100 }, { tokens_per_day: 101 }],
    [{ tokens_per_day: 100 }, { tokens_per_day: null }],
    [{}, { weight: 2 }],
    [{ priority: 'low' }, {}],
    [{}, { priority: 'high' }],
  ] as [LimitSettings, LimitSettings][])('under %j cannot have %j', (held, asked) => {
    expect(lackingWhenDerived(policy(held), policy(asked), {})).not.toBeNull();
    expect(lackingWhenDerived(asAdministrator(held), policy(asked), {})).not.toBeNull();
  });
});
