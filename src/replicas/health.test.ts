import { describe, expect, it } from 'vitest';
import { Health, type FailureKind, type Verdict } from './health.js';

const READY: Verdict = { ready: true, detail: null };
const NO: Verdict = { ready: false, kind: 'says_no', detail: 'answers with status 500' };
const REFUSED: Verdict = { ready: false, kind: 'refused', detail: 'refuses connections' };
const LATE: Verdict = { ready: false, kind: 'late', detail: 'does not answer within 1 s' };
const SLOTS = 8;

function health(strict = false): Health {
  return new Health({ strict, graceMs: 60_000, now: 0 });
}

function ready(): Health {
  const one = health();
  one.probed(READY, 0, 0);
  return one;
}

describe('what probes say', () => {
  it('a replica nobody asked yet takes requests, unless it has a readiness probe of its own', () => {
    expect([health().room(0, SLOTS), health(true).room(0, SLOTS)]).toEqual([SLOTS, 0]);
    expect([health().comesBack, health(true).comesBack]).toEqual([false, true]);
  });

  it('one "no" takes it out and one "yes" brings it back', () => {
    const one = ready();
    one.probed(NO, 1, 1);
    expect([one.condition(1), one.room(1, SLOTS)]).toEqual(['down', 0]);
    one.probed(READY, 2, 2);
    expect(one.condition(2)).toBe('up');
  });

  it('one that was never ready is starting during its grace and down afterwards', () => {
    const one = health();
    one.probed(NO, 1, 1);
    expect([one.condition(1), one.condition(59_999), one.condition(60_000)]).toEqual(['starting', 'starting', 'down']);
  });

  it('one late answer says nothing, two in a row do, unless requests are answered meanwhile', () => {
    const one = ready();
    one.probed(LATE, 1, 2);
    expect(one.condition(2)).toBe('up');
    one.probed(LATE, 3, 4);
    expect(one.condition(4)).toBe('down');

    const busy = ready();
    for (let at = 10; at < 100; at += 10) {
      busy.answered(at + 5);
      busy.probed(LATE, at, at + 9);
    }
    expect(busy.condition(100)).toBe('up');
  });

  it('a recovered replica gets its room back step by step, and at once something', () => {
    const one = ready();
    one.probed(NO, 0, 0);
    one.probed(READY, 1000, 1000);
    const room = [1000, 3500, 6000, 10_999, 11_000].map((now) => one.room(now, SLOTS));
    expect(room).toEqual([1, 2, 4, 8, 8]);
  });
});

describe('what happens to requests', () => {
  it.each<FailureKind>(['refused', 'late', 'loading'])(
    '%s ejects at once; after a while one request may try',
    (kind) => {
      const one = ready();
      expect(one.failed(kind, 100)).toBe(true);
      expect([one.condition(100), one.room(100, SLOTS), one.room(1099, SLOTS)]).toEqual(['ejected', 0, 0]);
      expect(one.room(1100, SLOTS)).toBeGreaterThan(0);
      expect(one.take(1100)).toBe(true);
      expect(one.room(1100, SLOTS)).toBe(0);
      one.answered(1200);
      one.trialOver();
      expect([one.condition(1200), one.room(1200, SLOTS)]).toEqual(['up', 1]);
    },
  );

  it('every further ejection is twice as long, up to 30 seconds, and is forgiven after two quiet minutes', () => {
    const one = ready();
    const lengths: number[] = [];
    let now = 0;
    for (let time = 0; time < 7; time += 1) {
      one.failed('refused', now);
      lengths.push((one.ejectedUntil ?? 0) - now);
      now = one.ejectedUntil ?? 0;
      one.answered(now);
    }
    expect(lengths).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    one.failed('refused', now + 120_001);
    expect((one.ejectedUntil ?? 0) - now - 120_001).toBe(1000);
  });

  it('a single broken connection is bad luck, three in a row are not', () => {
    const one = ready();
    expect([one.failed('broke', 1), one.failed('broke', 2)]).toEqual([false, false]);
    one.answered(3);
    expect([one.failed('broke', 4), one.failed('broke', 5), one.failed('broke', 6)]).toEqual([false, false, true]);
  });

  it('one that was away and is back may be tried before its ejection ends', () => {
    const one = ready();
    for (let time = 0; time < 6; time += 1) one.failed('refused', (one.ejectedUntil ?? 0) + 1);
    const now = (one.ejectedUntil ?? 0) - 20_000;
    one.probed(REFUSED, now, now);
    one.probed(READY, now + 1, now + 1);
    expect(one.room(now + 1, SLOTS)).toBeGreaterThan(0);
  });
});

describe('as a last resort', () => {
  it('one that is ejected, or refused its last connection, may be asked; one that is late or says no may not', () => {
    const ejected = ready();
    ejected.failed('refused', 1);
    const late = ready();
    late.failed('late', 1);
    const refusing = health();
    refusing.probed(REFUSED, 1, 1);
    const saysNo = health();
    saysNo.probed(NO, 1, 1);
    const drained = ready();
    drained.drain('operator');
    const may = [ejected, late, refusing, saysNo, drained].map((one) => one.lastResort(1, SLOTS) > 0);
    expect(may).toEqual([true, false, true, false, false]);
  });

  it('one at a time finds out whether a refusing replica is back', () => {
    const one = health();
    one.probed(REFUSED, 1, 1);
    expect([one.take(2), one.lastResort(2, SLOTS)]).toEqual([true, 0]);
    one.answered(3);
    one.trialOver();
    expect([one.condition(3), one.room(3, SLOTS)]).toEqual(['up', 1]);
  });
});

it('a drained replica gets nothing until it is resumed, whatever probes and requests say', () => {
  const one = ready();
  one.drain('restart');
  one.probed(READY, 1, 1);
  one.answered(1);
  expect([one.condition(1), one.room(1, SLOTS), one.comesBack]).toEqual(['draining', 0, true]);
  one.resume(2);
  expect([one.condition(2), one.room(2, SLOTS)]).toEqual(['up', 1]);
});
