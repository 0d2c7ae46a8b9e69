import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Priority } from '../core/limits.js';
import type { Charge } from './fair-accounts.js';
import { FairQueue, type FairWaiter } from './fair-queue.js';
import type { FairShare } from './fair-share.js';

interface Request extends FairWaiter {
  id: number;
}

const AGE_MS = 100_000;

/** One server that works on one request after the other, and the requests that wait for it. */
class Line {
  readonly queue = new FairQueue<Request>();
  now = 0;
  #ids = 0;

  join(name: string, share: Partial<FairShare> = {}): Request {
    const request = { id: (this.#ids += 1), since: this.now, share: shareOf(name, share) };
    this.queue.join(request);
    return request;
  }

  next(): Request | undefined {
    const [first] = this.queue.inTurn(this.now, AGE_MS);
    return first;
  }

  /** Serves the next one and lets it cost so much in the end. */
  turn(cost?: (request: Request) => number): Request | undefined {
    const request = this.next();
    if (request === undefined) return undefined;
    const charge = this.queue.serve(request, this.now);
    if (cost !== undefined) charge.cost(cost(request));
    charge.over();
    return request;
  }

  names(turns: number): string {
    return Array.from({ length: turns }, () => this.turn()?.share.name ?? '-').join('');
  }
}

function shareOf(name: string, more: Partial<FairShare> = {}): FairShare {
  return { name, weight: 1, priority: 'normal', tokens: 100, patienceMs: null, ...more };
}

const priority = fc.constantFrom<Priority>('high', 'normal', 'low');
const tokens = fc.integer({ min: 1, max: 5000 });

describe('who waits in fair turns', () => {
  it('takes turns with the others, however many of its own wait before', () => {
    const line = new Line();
    for (let at = 0; at < 6; at += 1) line.join('a');
    for (let at = 0; at < 2; at += 1) line.join('b');
    line.join('c');
    expect(line.names(9)).toBe('abcabaaaa');
  });

  it('comes before a share whose requests have all the room, although that one came first and asks for less', () => {
    const line = new Line();
    const running = [1, 2, 3, 4].map(() => line.queue.pass(shareOf('flood', { tokens: 10 }), 0));
    line.join('flood', { tokens: 10 });
    line.join('other', { tokens: 4000 });
    expect(line.names(2)).toBe('otherflood');
    for (const charge of running) charge.over();
  });

  it('has saved nothing up while it had nothing waiting', () => {
    const line = new Line();
    for (let at = 0; at < 40; at += 1) line.join('a');
    line.names(20);
    for (let at = 0; at < 5; at += 1) line.join('late');
    expect(line.names(6)).toBe('latealatealatea');
  });

  it('waits longer after a request that used more than it was expected to, and no longer after one that used less', () => {
    const line = new Line();
    for (let at = 0; at < 12; at += 1) {
      line.join('a');
      line.join('b');
    }
    expect(line.turn(() => 400)?.share.name).toBe('a');
    expect(line.names(5)).toBe('bbbba');
    const thrifty = new Line();
    for (let at = 0; at < 4; at += 1) {
      thrifty.join('a', { tokens: 4000 });
      thrifty.join('b', { tokens: 10 });
    }
    const served = Array.from({ length: 8 }, () => thrifty.turn(() => 10)?.share.name).join('');
    expect(served).toBe('abababab');
  });

  it('gets as many of several places as any other, although what is asked for is far more than what is used', () => {
    const line = new Line();
    const running: { name: string; charge: Charge }[] = [];
    const ask = { tokens: 4000 };
    for (let at = 0; at < 4; at += 1)
      running.push({ name: 'flood', charge: line.queue.pass(shareOf('flood', ask), 0) });
    for (let at = 0; at < 300; at += 1) line.join('flood', ask);
    line.join('other', ask);
    const served: string[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      const ended = running.shift();
      ended?.charge.cost(30);
      ended?.charge.over();
      const request = line.next();
      if (request === undefined) break;
      running.push({ name: request.share.name, charge: line.queue.serve(request, 0) });
      served.push(request.share.name);
      if (request.share.name === 'other') line.join('other', ask);
    }
    expect(served[0]).toBe('other');
    for (let from = 20; from + 20 <= served.length; from += 20) {
      const others = served.slice(from, from + 20).filter((name) => name === 'other').length;
      expect(Math.abs(others - 10)).toBeLessThanOrEqual(2);
    }
  });

  it('is shown the place in which it will be served', () => {
    const line = new Line();
    for (let at = 0; at < 4; at += 1) line.join('a');
    for (let at = 0; at < 4; at += 1) line.join('b', { weight: 2 });
    line.join('l', { priority: 'low' });
    const shown = line.queue.order(0, AGE_MS).map(({ share: { name } }) => name);
    expect(shown.join('')).toBe(line.names(9));
  });

  it('of a class above goes first', () => {
    const line = new Line();
    line.join('l', { priority: 'low' });
    line.join('n');
    line.join('h', { priority: 'high' });
    line.join('h', { priority: 'high' });
    expect(line.names(4)).toBe('hhnl');
  });

  it('is not disturbed by numbers of tokens that nobody can mean', () => {
    const line = new Line();
    for (const wild of [Number.POSITIVE_INFINITY, Number.NaN, -5, 0, 1e300]) {
      for (let at = 0; at < 2; at += 1) line.join('wild', { tokens: wild });
      line.turn(() => wild);
      line.turn(() => wild);
    }
    for (let at = 0; at < 3; at += 1) {
      line.join('a');
      line.join('b');
    }
    expect(line.names(6)).toBe('ababab');
  });

  it('leaves a bounded memory behind', () => {
    const line = new Line();
    for (let at = 0; at < 5000; at += 1) {
      line.join(`k${at}`);
      line.turn();
    }
    expect(line.queue.shares).toBeLessThanOrEqual(1000);
  });
});

type Act =
  | { do: 'join'; name: number; priority: Priority; weight: number; tokens: number }
  | { do: 'turn' | 'leave' | 'later'; at: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      name: fc.nat(5),
      priority,
      weight: fc.integer({ min: 1, max: 5 }),
      tokens,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'leave' as const, 'later' as const), at: fc.nat(30) }),
  },
);

describe('whatever comes, leaves and is served, in any order', () => {
  it('everybody is in line once until served or gone, and while somebody waits somebody is next', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const line = new Line();
        const waiting = new Map<number, Request>();
        for (const step of acts) {
          if (step.do === 'join') {
            const { name, do: _, ...share } = step;
            const request = line.join(`s${name}`, share);
            waiting.set(request.id, request);
          } else if (step.do === 'later') line.now += step.at * 10_000;
          else if (step.do === 'leave') {
            const request = [...waiting.values()][step.at];
            if (request !== undefined) {
              expect([line.queue.leave(request), line.queue.leave(request)]).toEqual([true, false]);
              waiting.delete(request.id);
            }
          } else {
            const request = line.turn(() => step.at * 100);
            expect(request === undefined).toBe(waiting.size === 0);
            if (request !== undefined) expect(waiting.delete(request.id)).toBe(true);
          }
          const ids = [...waiting.keys()].sort((a, b) => a - b);
          const sorted = (all: Iterable<Request>): number[] => [...all].map(({ id }) => id).sort((a, b) => a - b);
          expect(sorted(line.queue.inTurn(line.now, AGE_MS))).toEqual(ids);
          expect(sorted(line.queue.order(line.now, AGE_MS))).toEqual(ids);
          expect(line.queue.order(line.now, AGE_MS)[0]).toBe(line.next());
          expect(line.queue.size).toBe(ids.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('while all shares of a class have requests waiting', () => {
  it('tokens are shared by weight to within one request of each, whatever was expected', () => {
    const share = fc.record({
      weight: fc.integer({ min: 1, max: 8 }),
      costs: fc.array(fc.tuple(tokens, tokens), { minLength: 1, maxLength: 10 }),
    });
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 300 }),
        (shares, turns) => {
          const line = new Line();
          const used = shares.map(() => 0);
          const count = shares.map(() => 0);
          const costOf = (at: number, nth: number): [number, number] => {
            const costs = shares[at]?.costs ?? [];
            return costs[nth % costs.length] ?? [1, 1];
          };
          const joinNext = (at: number): void => {
            const nth = (count[at] ?? 0) + 1;
            line.join(String(at), { weight: shares[at]?.weight ?? 1, tokens: costOf(at, nth)[0] });
          };
          for (const at of shares.keys()) for (let ahead = 0; ahead < 2; ahead += 1) joinNext(at);
          for (let turn = 0; turn < turns; turn += 1) {
            const request = line.turn((one) => {
              const at = Number(one.share.name);
              return costOf(at, count[at] ?? 0)[1];
            });
            const at = Number(request?.share.name);
            used[at] = (used[at] ?? 0) + costOf(at, count[at] ?? 0)[1];
            count[at] = (count[at] ?? 0) + 1;
            joinNext(at);
          }
          const rounds = used.map((sum, at) => sum / (shares[at]?.weight ?? 1));
          const largest = Math.max(...shares.flatMap(({ weight, costs }) => costs.map(([, cost]) => cost / weight)));
          expect(Math.max(...rounds) - Math.min(...rounds)).toBeLessThanOrEqual(largest + 1e-6);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a share of any class', () => {
  it('is served at the latest one turn of each other share after two times the time of ageing', () => {
    const others = fc.array(
      fc.record({
        priority: fc.constantFrom<Priority>('high', 'normal'),
        tokens,
        weight: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(others, fc.integer({ min: 100, max: 60_000 }), tokens, (shares, turnMs, cost) => {
        const line = new Line();
        for (const [at, share] of shares.entries())
          for (let ahead = 0; ahead < 2; ahead += 1) line.join(String(at), share);
        const low = line.join('low', { priority: 'low', tokens: cost });
        const boundMs = 2 * AGE_MS + (shares.length + 1) * turnMs;
        for (;;) {
          const served = line.turn();
          if (served === low) break;
          expect(line.now).toBeLessThanOrEqual(boundMs);
          line.join(served?.share.name ?? '', served?.share);
          line.now += turnMs;
        }
        expect(line.now).toBeLessThanOrEqual(boundMs);
      }),
      { numRuns: 200 },
    );
  });
});

describe('when no more may wait', () => {
  it('the newest of the share with the most waiting for its weight makes room, which may be the one that comes', () => {
    const arrival = fc.record({ name: fc.nat(4) });
    fc.assert(
      fc.property(
        fc.array(arrival, { minLength: 1, maxLength: 80 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 1, max: 12 }),
        (arrivals, weights, most) => {
          const line = new Line();
          let waiting: Request[] = [];
          for (const { name } of arrivals) {
            const share = shareOf(`s${name}`, { weight: weights[name] ?? 1 });
            const displaced = waiting.length < most ? undefined : line.queue.displacedBy(share);
            const crowd = (of: FairShare, more: number): number =>
              (waiting.filter(({ share: { name: one } }) => one === of.name).length + more) / of.weight;
            if (displaced === null) {
              for (const one of waiting) expect(crowd(one.share, 0)).toBeLessThanOrEqual(crowd(share, 1));
              continue;
            }
            if (displaced !== undefined) {
              for (const one of waiting) expect(crowd(one.share, 0)).toBeLessThanOrEqual(crowd(displaced.share, 0));
              expect(crowd(displaced.share, 0)).toBeGreaterThan(crowd(share, 1));
              expect(displaced).toBe(waiting.findLast(({ share: one }) => one.name === displaced.share.name));
              line.queue.leave(displaced);
              waiting = waiting.filter((one) => one !== displaced);
            }
            waiting.push(line.join(share.name, share));
            expect(line.queue.size).toBeLessThanOrEqual(most);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the place of one that left', () => {
  const share = fc.record({ name: fc.nat(3), priority, tokens, weight: fc.integer({ min: 1, max: 5 }) });
  const steps = fc.array(fc.oneof(share, fc.constant('turn' as const)), { maxLength: 40 });

  it('is taken by the next attempt as if it had stayed, when that comes before its turn', () => {
    fc.assert(
      fc.property(steps, share, steps, steps, (before, one, between, after) => {
        const [stays, leaves] = [new Line(), new Line()];
        const walk = (line: Line, acts: typeof steps extends fc.Arbitrary<infer Acts> ? Acts : never): number[] =>
          acts.flatMap((step) => {
            if (step === 'turn') return line.turn()?.id ?? [];
            const { name, ...more } = step;
            line.join(`s${name}`, more);
            return [];
          });
        for (const line of [stays, leaves]) walk(line, before);
        const { name, ...more } = one;
        const [stayed, left] = [stays.join(`s${name}`, more), leaves.join(`s${name}`, more)];
        const place = leaves.queue.seniority(left);
        leaves.queue.leave(left);
        const servedMeanwhile = walk(stays, between);
        fc.pre(!servedMeanwhile.includes(stayed.id));
        expect(walk(leaves, between)).toEqual(servedMeanwhile);
        leaves.queue.join(left, place);
        const rest = [...after, ...Array.from({ length: 120 }, () => 'turn' as const)];
        expect(walk(leaves, rest)).toEqual(walk(stays, rest));
      }),
      { numRuns: 500 },
    );
  });

  it('is behind those that came before it and ahead of those that came after, also where its share waits for more', () => {
    const line = new Line();
    const [, second] = ['first', 'second', 'third'].map((user) => line.join('a', { tokens: user.length }));
    if (second === undefined) throw new Error('there is no second');
    const place = line.queue.seniority(second);
    line.queue.leave(second);
    line.join('a', { tokens: 40 });
    line.queue.join({ ...second, id: 99 }, place);
    expect(Array.from({ length: 4 }, () => line.turn()?.id)).toEqual([1, 99, 3, 4]);
  });

  it('holds no turn of its share that another one has used since', () => {
    const line = new Line();
    const left = line.join('a');
    for (const name of ['b', 'c']) line.join(name);
    const place = line.queue.seniority(left);
    line.queue.leave(left);
    line.queue.pass(left.share, 0).over();
    line.queue.join(left, place);
    expect(line.names(3)).toBe('bca');
  });

  it('ages from where the first attempt began to wait', () => {
    const line = new Line();
    const left = line.join('l', { priority: 'low' });
    const place = line.queue.seniority(left);
    line.queue.leave(left);
    line.now = 2 * AGE_MS;
    line.join('h', { priority: 'high' });
    line.join('other', { priority: 'low' });
    line.queue.join({ ...left, since: place?.since ?? line.now }, place);
    expect(line.turn()?.share.name).toBe('l');
  });

  it('is kept when no more may wait: the newest of its share makes room for it, and never for one that is newer', () => {
    const line = new Line();
    const left = line.join('a');
    const place = line.queue.seniority(left);
    line.queue.leave(left);
    const [, newer] = [line.join('a'), line.join('a')];
    line.join('b');
    expect(line.queue.displacedBy(left.share)).toBe(null);
    expect(line.queue.displacedBy(left.share, place)).toBe(newer);
    const latest = line.join('a');
    const itsPlace = line.queue.seniority(latest);
    line.queue.leave(latest);
    expect(line.queue.displacedBy(latest.share, itsPlace)).toBe(null);
  });
});
