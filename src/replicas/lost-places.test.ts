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

it('ten of a caller and a thousand in all are remembered at most, the newest, and nobody gets what he did not lose', () => {
  const act = fc.record({
    do: fc.constantFrom('lose', 'lose', 'claim', 'pass', 'forget'),
    caller: fc.nat(200),
    body: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 3000 }), (acts) => {
      const book = new Book();
      const lost = new Map<number, { callerId: string; body: string; at: number }>();
      for (const [nth, step] of acts.entries()) {
        const [callerId, body] = [`k${step.caller}`, `b${step.body}`];
        if (step.do === 'lose') {
          book.places.remember(attempt({ callerId, body }), 'm', nth);
          lost.set(nth, { callerId, body, at: book.now });
        } else if (step.do === 'pass') book.now += 100;
        else if (step.do === 'forget') {
          book.places.forget([callerId]);
          for (const [at, one] of lost) if (one.callerId === callerId) lost.delete(at);
        } else {
          const place = book.places.claim(attempt({ callerId, body }), 'm');
          if (place === null) continue;
          expect(lost.get(place)).toMatchObject({ callerId, body });
          expect(book.now - (lost.get(place)?.at ?? 0)).toBeLessThan(60_000);
          expect(lost.delete(place)).toBe(true);
        }
        expect(book.places.size).toBeLessThanOrEqual(1000);
      }
      const { places } = new Book();
      for (let at = 0; at < 50; at += 1) places.remember(attempt({ body: `b${at}` }), 'm', at);
      expect(places.size).toBe(10);
      expect([39, 40, 49].map((at) => places.claim(attempt({ body: `b${at}` }), 'm'))).toEqual([null, 40, 49]);
    }),
    { numRuns: 30 },
  );
});
