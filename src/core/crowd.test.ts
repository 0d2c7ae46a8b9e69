import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Crowd } from './crowd.js';

it('holds exactly what was added and not taken out, whatever the order', () => {
  const steps = fc.array(fc.oneof(fc.record({ add: fc.nat(1000) }), fc.record({ leave: fc.nat(1000) })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (given) => {
      const crowd = new Crowd<number>();
      const model: { value: number; leave: () => void; there: boolean }[] = [];
      for (const step of given) {
        if ('add' in step) {
          model.push({ value: step.add, leave: crowd.add(step.add), there: true });
        } else if (model.length > 0) {
          const one = model[step.leave % model.length];
          one?.leave();
          if (one !== undefined) one.there = false;
        }
        const expected = model.filter(({ there }) => there).map(({ value }) => value);
        expect(crowd.list().toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
        expect(crowd.size).toBe(expected.length);
      }
    }),
  );
});
