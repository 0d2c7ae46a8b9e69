import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BALANCES, type Candidate } from './balance.js';
import type { BalanceName } from './model.js';

const policies = Object.keys(BALANCES) as BalanceName[];
const anyCandidates = fc.uniqueArray(
  fc.record({
    url: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    inFlight: fc.nat(20),
    weight: fc.integer({ min: 1, max: 10 }),
    turn: fc.nat(50),
  }),
  { selector: ({ url }) => url, minLength: 1, maxLength: 6 },
);
const anyHome = fc.option(fc.constantFrom('a', 'b', 'c', 'gone'));

function candidate(entry: Partial<Candidate> & { url: string }): Candidate {
  return { inFlight: 0, weight: 1, turn: 0, ...entry };
}

function first(policy: BalanceName, candidates: readonly Candidate[], home: string | null = null): string | undefined {
  return BALANCES[policy](candidates, { home })[0]?.url;
}

describe('every policy', () => {
  it.each(policies)('%s orders all candidates, loses none, and changes nothing of them', (policy) => {
    fc.assert(
      fc.property(anyCandidates, anyHome, (candidates, home) => {
        const before = structuredClone(candidates);
        const ordered = BALANCES[policy](candidates, { home });
        expect(new Set(ordered)).toEqual(new Set(candidates));
        expect(ordered).toHaveLength(candidates.length);
        expect(candidates).toEqual(before);
        expect(BALANCES[policy](candidates, { home })).toEqual(ordered);
      }),
    );
  });
});

describe('least_load', () => {
  it('takes the one with the fewest running requests', () => {
    const loads = [2, 0, 1].map((inFlight, at) => candidate({ url: String(at), inFlight }));
    expect(first('least_load', loads)).toBe('1');
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const [best] = BALANCES.least_load(candidates, { home: null });
        expect(best?.inFlight).toBe(Math.min(...candidates.map(({ inFlight }) => inFlight)));
      }),
    );
  });

  it('among equals takes the one whose turn is longest ago', () => {
    expect(first('least_load', [candidate({ url: 'a', turn: 2 }), candidate({ url: 'b', turn: 1 })])).toBe('b');
  });
});

describe('round_robin', () => {
  it('gives each its turn, however much runs on it', () => {
    const seats = ['a', 'b', 'c'].map((url) => ({ ...candidate({ url }), inFlight: url === 'a' ? 9 : 0 }));
    const given = Array.from({ length: 9 }, () => {
      const [seat] = BALANCES.round_robin(seats, { home: null });
      if (seat !== undefined) seat.turn += 1;
      return seat?.url;
    });
    expect(given.join('')).toBe('abcabcabc');
  });
});

describe('weighted_least_load', () => {
  it('takes the smallest load for its weight', () => {
    const a100 = candidate({ url: 'a100', inFlight: 5, weight: 10 });
    const l4 = candidate({ url: 'l4', inFlight: 2, weight: 2 });
    expect(first('weighted_least_load', [l4, a100])).toBe('a100');
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const [best] = BALANCES.weighted_least_load(candidates, { home: null });
        const share = (one: Candidate): number => one.inFlight / one.weight;
        expect(best === undefined ? NaN : share(best)).toBe(Math.min(...candidates.map(share)));
      }),
    );
  });

  it('divides running requests as the weights say', () => {
    const seats = [1, 2, 5].map((weight) => ({ ...candidate({ url: String(weight), weight }), inFlight: 0 }));
    for (let given = 0; given < 80; given += 1) {
      const [seat] = BALANCES.weighted_least_load(seats, { home: null });
      if (seat !== undefined) seat.inFlight += 1;
    }
    expect(seats.map(({ inFlight }) => inFlight)).toEqual([10, 20, 50]);
  });
});

describe('prefix_affinity', () => {
  it('stays with the home of the conversation while that is about as busy as the others', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(5), fc.integer({ min: 2, max: 5 }), (load, more, count) => {
        const seats = Array.from({ length: count }, (_, at) => candidate({ url: String(at), inFlight: load }));
        const home = { ...candidate({ url: 'home' }), inFlight: load + Math.min(more, 1) };
        expect(first('prefix_affinity', [...seats, home], 'home')).toBe('home');
      }),
    );
  });

  it('leaves a home that has more than 1.25 times its share and some, and then takes the least loaded', () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const [any] = candidates;
        const home = any?.url ?? '';
        const chosen = BALANCES.prefix_affinity(candidates, { home })[0];
        const running = candidates.reduce((sum, { inFlight }) => sum + inFlight, 1);
        const weights = candidates.reduce((sum, { weight }) => sum + weight, 0);
        const bound = Math.ceil(((running * (any?.weight ?? 1)) / weights) * 1.25) + 2;
        const best = BALANCES.weighted_least_load(candidates, { home: null })[0];
        expect(chosen).toEqual((any?.inFlight ?? 0) < bound ? any : best);
      }),
    );
  });

  it('without a known home is the least loaded', () => {
    fc.assert(
      fc.property(anyCandidates, fc.constantFrom(null, 'gone'), (candidates, home) => {
        const ordered = BALANCES.prefix_affinity(candidates, { home });
        expect(ordered).toEqual(BALANCES.weighted_least_load(candidates, { home: null }));
      }),
    );
  });
});
