import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LastUseMap } from './last-use-map.js';

test('a key that was never used has no last use', () => {
  expect(new LastUseMap().of('a')).toEqual({ current: null, previous: null });
});

test('each secret has its own last use, which never goes back', () => {
  const uses = new LastUseMap();
  uses.touch('a', 'current', 20);
  uses.touch('a', 'previous', 30);
  uses.touch('a', 'current', 10);
  expect(uses.of('a')).toEqual({ current: 20, previous: 30 });
});

test('only what changed is handed over, once, and what could not be written comes again', () => {
  const uses = new LastUseMap();
  uses.touch('a', 'current', 5);
  uses.touch('a', 'current', 5);
  const taken = uses.takeUnsaved();
  expect(taken?.ids).toEqual(['a']);
  uses.touch('a', 'current', 5);
  expect(uses.takeUnsaved()).toBeNull();
  uses.putBack(taken?.ids ?? []);
  expect(uses.takeUnsaved()).toEqual({ ids: ['a'], current: Uint32Array.of(5), previous: Uint32Array.of(0) });
});

test('what is handed over and merged elsewhere gives the same last uses as the touches did', () => {
  const touches = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom('current' as const, 'previous' as const),
      fc.integer({ min: 1, max: 50 }),
    ),
  );
  fc.assert(
    fc.property(touches, touches, (first, second) => {
      const [here, there] = [new LastUseMap(), new LastUseMap()];
      const expected = new Map<string, number>();
      for (const [which, map] of [
        [first, here],
        [second, there],
      ] as const) {
        for (const [key, slot, at] of which) {
          map.touch(`key ${key}`, slot, at);
          expected.set(`key ${key} ${slot}`, Math.max(at, expected.get(`key ${key} ${slot}`) ?? 0));
        }
      }
      const handed = here.takeUnsaved();
      if (handed !== null) there.merge(handed);
      for (const [name, at] of expected) {
        const [, key, slot] = name.split(' ');
        expect(there.of(`key ${key}`)[slot as 'current' | 'previous']).toBe(at);
      }
    }),
  );
});
