import { describe, expect, it } from 'vitest';
import { until } from '../support/patience.js';
import { callerOf, Held, queued, type Answer, type Shown } from './held.js';
import { startPools } from './pool-world.js';

const SLOTS = 4;
const FLOOD = 500;
/** p95 of its wait is at most 1.5 times the run time of a request: so many of the others may be served in between. */
const MOST_BETWEEN = Math.ceil(1.5 * SLOTS);

describe('one key floods 500 requests at once, four run at a time', () => {
  it.each([
    ['all of them wait', 600],
    ['more than may wait', 256],
  ])(
    'another key that sends one after the other is never far from its turn: %s',
    async (_, maxWaiting) => {
      const held = await Held.start();
      const world = await startPools([held.replica], { max_in_flight: SLOTS, queue: { max_waiting: maxWaiting } });
      const [flood, other] = [await callerOf(world), await callerOf(world)];
      const flooded = Array.from({ length: FLOOD }, () => flood.ask('flood'));
      const waiting = Math.min(FLOOD - SLOTS, maxWaiting);
      await until(60_000, 'the flood waits', async () => (await queued(world)).length === waiting);
      await until(
        10_000,
        'four run',
        async () => (await world.admin.streams()).length > 0 && held.got.length === SLOTS,
      );
      const between: number[] = [];
      const answers: Promise<Answer>[] = [];
      for (let nth = 0; nth < 20; nth += 1) {
        answers.push(other.ask('other'));
        await until(10_000, 'it waits', async () => (await queued(world)).some(({ key_id: id }) => id === other.keyId));
        const before = held.got.length;
        while (held.got.filter((who) => who === 'other').length === nth) await held.turn();
        between.push(held.got.slice(before).filter((who) => who === 'flood').length);
      }
      between.sort((a, b) => a - b);
      expect(between[Math.ceil(between.length * 0.95) - 1]).toBeLessThanOrEqual(MOST_BETWEEN);
      // It asks again as soon as it has its turn, so the two take turns.
      expect(between.at(-1)).toBeLessThanOrEqual(1);
      held.release();
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
      const ends = await Promise.all(flooded);
      expect(ends.every(({ status, code }) => status === 200 || code === 'queue_full')).toBe(true);
      if (maxWaiting > FLOOD) expect(ends.filter(({ status }) => status === 200)).toHaveLength(FLOOD);
      expect(held.replica.mostRunning).toBe(SLOTS);
      await until(10_000, 'nothing runs', async () => (await world.admin.streams()).length === 0);
    },
    120_000,
  );
});

describe('a full line', () => {
  it('sends the newest of the key with the most away, with queue_full and Retry-After, and not the one that comes', async () => {
    const held = await Held.start();
    const world = await startPools([held.replica], { max_in_flight: 1, queue: { max_waiting: 3 } });
    const [flood, other] = [await callerOf(world), await callerOf(world)];
    const ends: [string, Answer][] = [];
    const flooded = [];
    for (const name of ['runs', 'first', 'second', 'third']) {
      flooded.push(flood.ask(name).then((answer) => void ends.push([name, answer])));
      const wanted = flooded.length;
      await until(10_000, 'it is there', async () => (await world.admin.streams()).length === wanted);
    }
    const answer = other.ask('other');
    await until(10_000, 'one was sent away', async () => {
      await Promise.resolve();
      return ends.length === 1;
    });
    expect(ends[0]).toEqual(['third', { status: 503, code: 'queue_full', retryAfter: '5' }]);
    expect((await queued(world)).map(({ key_id: id }) => id).filter((id) => id === other.keyId)).toHaveLength(1);
    expect((await flood.ask('fourth')).code).toBe('queue_full');
    held.release();
    expect((await answer).status).toBe(200);
    await Promise.all(flooded);
    expect(held.got).toEqual(['runs', 'other', 'first', 'second']);
  });
});

describe('a request that says in x-stainless-timeout when its client gives up', () => {
  it('is refused with queue_full before that; those behind it wait on', async () => {
    const held = await Held.start();
    const world = await startPools([held.replica], { max_in_flight: 1 });
    const caller = await callerOf(world);
    const running = caller.ask('runs');
    await until(10_000, 'it runs', async () => (await world.admin.streams()).length === 1);
    const hasty = caller.ask('hasty', { 'x-stainless-timeout': '1' });
    const patient = caller.ask('patient', { 'x-stainless-timeout': '600' });
    const wild = ['0', '-1', '1e-3', 'soon', '99999999999'].map((told) =>
      caller.ask('wild', { 'x-stainless-timeout': told }),
    );
    expect(await hasty).toEqual({ status: 503, code: 'queue_full', retryAfter: '5' });
    await until(10_000, 'the others wait', async () => (await queued(world)).length === 1 + wild.length);
    held.release();
    for (const { status } of await Promise.all([running, patient, ...wild])) expect(status).toBe(200);
    expect(held.got).not.toContain('hasty');
  });
});

describe('a request that waits', () => {
  it('is listed with its place and for how long it waits, and one that runs without', async () => {
    const held = await Held.start();
    const world = await startPools([held.replica], { max_in_flight: 1 });
    const [first, second] = [await callerOf(world), await callerOf(world)];
    const answers = [];
    for (const caller of [first, first, first, second]) {
      answers.push(caller.ask('x'));
      await until(10_000, 'it is there', async () => (await world.admin.streams()).length === answers.length);
    }
    const places = (await queued(world)).map(({ key_id: id, position }) => [position, id]);
    expect(places.sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [1, second.keyId],
      [2, first.keyId],
      [3, first.keyId],
    ]);
    const streams = (await world.admin.streams()) as unknown as Shown[];
    for (const { phase, position, waiting_ms: waitingMs } of streams) {
      expect([position === null, waitingMs === null]).toEqual([phase !== 'queued', phase !== 'queued']);
      expect(Number.isInteger(waitingMs ?? 0) && (waitingMs ?? 0) >= 0).toBe(true);
    }
    held.release();
    await Promise.all(answers);
  });
});
