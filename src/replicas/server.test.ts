import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { silentLog } from '../core/log.js';
import { DEFAULT_TREATMENT } from './configured.js';
import { Server } from './server.js';

class Hours {
  now = 1000;
  readonly clock: Clock = {
    now: () => this.now,
    monotonic: () => this.now,
    after: () => () => {},
    every: () => () => {},
  };
  readonly server = new Server(
    { url: 'http://a', apiKey: null, engine: 'openai', caFile: null, weight: 1 },
    DEFAULT_TREATMENT.readiness,
    {
      probe: { get: () => Promise.reject(new Error('is not asked')), close: async () => {} },
      clock: this.clock,
      log: silentLog,
      changed() {},
      roomier() {},
    },
  );
}

type Act = { do: 'take' | 'leave' | 'pass'; amount: number };

const acts = fc.array(fc.record({ do: fc.constantFrom<Act['do']>('take', 'leave', 'pass'), amount: fc.nat(500) }), {
  maxLength: 100,
});

describe('the time of a server', () => {
  it('falls to those that run at one time in equal parts', () => {
    const hours = new Hours();
    const { server } = hours;
    server.take();
    const first = server.dividedMs;
    hours.now += 100;
    server.take();
    const second = server.dividedMs;
    hours.now += 60;
    server.leave();
    const ofFirst = server.dividedMs - first;
    hours.now += 40;
    server.leave();
    hours.now += 1000;
    expect([ofFirst, server.dividedMs - second]).toEqual([130, 70]);
  });

  it('is never told twice: what all had together is the time in which at least one ran', () => {
    fc.assert(
      fc.property(acts, (steps) => {
        const hours = new Hours();
        const { server } = hours;
        const begun: number[] = [];
        let told = 0;
        let busy = 0;
        const end = (at: number): void => {
          const [from] = begun.splice(at % begun.length, 1);
          server.leave();
          told += server.dividedMs - (from ?? 0);
        };
        for (const step of steps) {
          if (step.do === 'take') {
            server.take();
            begun.push(server.dividedMs);
          } else if (step.do === 'leave') {
            if (begun.length > 0) end(step.amount);
          } else {
            hours.now += step.amount;
            if (begun.length > 0) busy += step.amount;
          }
        }
        while (begun.length > 0) end(0);
        expect(told).toBeCloseTo(busy, 5);
        expect(server.inFlight).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
