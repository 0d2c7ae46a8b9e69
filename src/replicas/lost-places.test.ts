import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LostPlaces, type Attempt } from './lost-places.js';

class Book {
  now = 0;
  readonly places = new LostPlaces<string, number>({ monotonic: () => this.now });
}

function attempt(more: Partial<Attempt> & { body?: string } = {}): Attempt {
  const { body = 'body', ...rest } = more;
  return { callerId: 'k', lineage: [], isRetry: true, idempotencyKey: null, digest: () => body, ...rest };
}

describe('a lost place', () => {
  it('goes once to the next attempt of the same caller at the same thing in the same line', () => {
    const { places } = new Book();
    places.remember(attempt(), 'm', 1);
    expect(places.claim(attempt({ callerId: 'other' }), 'm')).toBe(null);
    expect(places.claim(attempt({ body: 'another' }), 'm')).toBe(null);
    expect(places.claim(attempt(), 'n')).toBe(null);
    expect(places.claim(attempt({ isRetry: false }), 'm')).toBe(null);
    expect([places.claim(attempt(), 'm'), places.claim(attempt(), 'm')]).toEqual([1, null]);
    expect(places.size).toBe(0);
  });

  it('is not given when two fit, and both are kept', () => {
    const { places } = new Book();
    places.remember(attempt(), 'm', 1);
    places.remember(attempt(), 'm', 2);
    expect([places.claim(attempt(), 'm'), places.size]).toEqual([null, 2]);
  });

  it.each([
    ['the same name for both', 'a', 'a', true, 1],
    ['the same name, without a count of attempts', 'a', 'a', false, 1],
    ['another name, whatever the count says', 'a', 'b', true, null],
    ['a name for the later alone, and a count', null, 'b', true, 1],
    ['a name for the earlier alone, and a count', 'a', null, true, 1],
    ['a name for the later alone, without a count', null, 'b', false, null],
    ['a name for the earlier alone, without a count', 'a', null, false, null],
  ])('follows Idempotency-Key: %s', (_, earlier, later, isRetry, found) => {
    const { places } = new Book();
    places.remember(attempt({ idempotencyKey: earlier, isRetry: false }), 'm', 1);
    expect(places.claim(attempt({ idempotencyKey: later, isRetry }), 'm')).toBe(found);
  });

  it('of several is known by the name its client gave', () => {
    const { places } = new Book();
    for (const [at, name] of ['a', 'b', 'c'].entries()) places.remember(attempt({ idempotencyKey: name }), 'm', at);
    expect(places.claim(attempt({ idempotencyKey: 'b', isRetry: false }), 'm')).toBe(1);
    expect(places.claim(attempt(), 'm')).toBe(null);
  });

  it('is forgotten after a minute, and when its caller or a key that comes before it is ended', () => {
    const book = new Book();
    const { places } = book;
    places.remember(attempt(), 'm', 1);
    book.now = 60_000;
    expect([places.claim(attempt(), 'm'), places.size]).toEqual([null, 0]);
    places.remember(attempt({ callerId: 'child', lineage: ['parent', 'root'] }), 'm', 2);
    places.remember(attempt({ callerId: 'root' }), 'm', 3);
    places.remember(attempt(), 'm', 4);
    places.forget(['parent']);
    expect(places.claim(attempt({ callerId: 'child', lineage: ['parent', 'root'] }), 'm')).toBe(null);
    places.forget(['root', 'unknown']);
    expect(places.claim(attempt({ callerId: 'root' }), 'm')).toBe(null);
    expect(places.claim(attempt(), 'm')).toBe(4);
  });

  it('costs no look at the body of a request that says nothing of an earlier one, or whose caller lost none', () => {
    const { places } = new Book();
    places.remember(attempt({ callerId: 'other' }), 'm', 1);
    const digest = (): string => {
      throw new Error('the body was read');
    };
    expect(places.claim(attempt({ callerId: 'other', isRetry: false, digest }), 'm')).toBe(null);
    expect(places.claim(attempt({ digest }), 'm')).toBe(null);
  });
});

interface Lost {
  callerId: string;
  body: string;
  at: number;
}

/** What was lost, beside the book that is tested. */
class Losses {
  readonly book = new Book();
  readonly lost = new Map<number, Lost>();

  lose(nth: number, callerId: string, body: string): void {
    this.book.places.remember(attempt({ callerId, body }), 'm', nth);
    this.lost.set(nth, { callerId, body, at: this.book.now });
  }

  forget(callerId: string): void {
    this.book.places.forget([callerId]);
    for (const [nth, one] of this.lost) if (one.callerId === callerId) this.lost.delete(nth);
  }

  claim(callerId: string, body: string): void {
    const place = this.book.places.claim(attempt({ callerId, body }), 'm');
    if (place === null) return;
    expect(this.lost.get(place)).toMatchObject({ callerId, body });
    expect(this.book.now - (this.lost.get(place)?.at ?? 0)).toBeLessThan(60_000);
    this.lost.delete(place);
  }
}

it('nobody gets what he did not lose, or has got or was told to forget, and no more than a thousand are kept', () => {
  const act = fc.record({
    do: fc.constantFrom('lose', 'lose', 'claim', 'pass', 'forget'),
    caller: fc.nat(200),
    body: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 3000 }), (acts) => {
      const losses = new Losses();
      for (const [nth, step] of acts.entries()) {
        const [callerId, body] = [`k${step.caller}`, `b${step.body}`];
        if (step.do === 'lose') losses.lose(nth, callerId, body);
        else if (step.do === 'forget') losses.forget(callerId);
        else if (step.do === 'claim') losses.claim(callerId, body);
        else losses.book.now += 100;
        expect(losses.book.places.size).toBeLessThanOrEqual(1000);
      }
    }),
    { numRuns: 30 },
  );
});

it('of a caller ten are remembered, of all a thousand, and the oldest make room', () => {
  const { places } = new Book();
  for (let at = 0; at < 50; at += 1) places.remember(attempt({ body: `b${at}` }), 'm', at);
  expect(places.size).toBe(10);
  expect([39, 40].map((at) => places.claim(attempt({ body: `b${at}` }), 'm'))).toEqual([null, 40]);
  for (let at = 0; at < 1000; at += 1) places.remember(attempt({ callerId: `k${at}` }), 'm', at);
  expect(places.size).toBe(1000);
  expect(places.claim(attempt({ body: 'b49' }), 'm')).toBe(null);
  expect(places.claim(attempt({ callerId: 'k0' }), 'm')).toBe(0);
});
