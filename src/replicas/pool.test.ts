import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { silentLog } from '../core/log.js';
import { isPromise } from '../core/maybe.js';
import { DEFAULT_TREATMENT } from './configured.js';
import type { FairShare } from './fair-share.js';
import type { Attempt } from './lost-places.js';
import type { OfferedModel } from './model.js';
import { createPool, type Pool } from './pool.js';
import type { Probe, ProbeOutcome } from './probe.js';
import type { Turn } from './turn.js';

/** Time that goes on only when told to. */
function handClock(): Clock & { skip(byMs: number): void } {
  let now = 1_000_000;
  const repeating = new Set<() => void>();
  return {
    now: () => now,
    monotonic: () => now,
    after: () => () => {},
    every(_, fire) {
      repeating.add(fire);
      return () => repeating.delete(fire);
    },
    skip(byMs) {
      now += byMs;
      for (const fire of repeating) fire();
    },
  };
}

const FINE: ProbeOutcome = { ok: true, status: 200, headers: {}, body: Buffer.from('{}') };
const probe: Probe = { get: async () => FINE, close: async () => {} };

function model(entry: Partial<OfferedModel> = {}, urls: readonly string[] = ['http://a', 'http://b']): OfferedModel {
  return {
    ...DEFAULT_TREATMENT,
    name: 'm',
    aliases: [],
    restricted: false,
    origin: 'configured',
    upstreamName: 'm',
    replicas: urls.map((url) => ({ url, apiKey: null, engine: 'openai', caFile: null, weight: 1 })),
    paths: {},
    created: 0,
    ownedBy: '',
    ...entry,
  };
}

interface Entered {
  turn: Turn | null;
  refusal: Refusal | null;
  leave: (why: Refusal) => void;
}

function share(more: Partial<FairShare> = {}): FairShare {
  return { name: 'one', weight: 1, priority: 'normal', tokens: 100, patienceMs: null, ...more };
}

/** Enters and keeps what comes of it. */
function enter(
  pool: Pool,
  into: OfferedModel,
  asked: { only?: string; prefix?: string; share?: Partial<FairShare>; attempt?: Attempt } = {},
): Entered {
  const entered: Entered = { turn: null, refusal: null, leave: () => {} };
  const keep = (turn: Turn): void => {
    entered.turn = turn;
  };
  try {
    const turn = pool.enter(into, {
      prefix: asked.prefix ?? null,
      only: asked.only ?? null,
      share: share(asked.share),
      attempt: asked.attempt ?? null,
      waits: ({ leave }) => (entered.leave = leave),
    });
    if (isPromise(turn)) {
      void turn.then(keep, (why: Refusal) => {
        entered.refusal = why;
      });
    } else {
      keep(turn);
    }
  } catch (why) {
    if (!(why instanceof Refusal)) throw why;
    entered.refusal = why;
  }
  return entered;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function poolOf(...models: OfferedModel[]): Promise<{ pool: Pool; clock: ReturnType<typeof handClock> }> {
  const clock = handClock();
  const pool = createPool({ probe, clock, log: silentLog });
  pool.use(models);
  await settled();
  return { pool, clock };
}

const loads = (pool: Pool): number[] => pool.states().map(({ inFlight }) => inFlight);

describe('a place on a replica', () => {
  it('is there at once, without a promise, while one has room', async () => {
    const { pool } = await poolOf(model());
    const turns = Array.from({ length: 4 }, () =>
      pool.enter(model(), { prefix: null, only: null, share: share(), attempt: null, waits: () => {} }),
    );
    expect(turns.some(isPromise)).toBe(false);
    expect(loads(pool)).toEqual([2, 2]);
  });

  it('on the only one it may go to is waited for, while others have room', async () => {
    const one = model({ maxInFlight: 1 });
    const { pool } = await poolOf(one);
    const first = enter(pool, one, { only: 'http://a' });
    const bound = enter(pool, one, { only: 'http://a' });
    const free = enter(pool, one);
    expect([bound.turn, free.turn?.replica.url]).toEqual([null, 'http://b']);
    first.turn?.release();
    await settled();
    expect(bound.turn?.replica.url).toBe('http://a');
  });

  it('is refused for a model that is not offered any more, and for one without replicas', async () => {
    const { pool } = await poolOf(model());
    expect(enter(pool, model({ name: 'gone' })).refusal?.code).toBe('no_available_replica');
    pool.use([model({}, [])]);
    expect(enter(pool, model()).refusal?.code).toBe('no_available_replica');
  });

  it('of models that share a server is bounded for both together, and who waits longest is served first', async () => {
    const models = ['x', 'y'].map((name) => model({ name, maxInFlight: 1 }, ['http://a']));
    const [x, y] = models as [OfferedModel, OfferedModel];
    const { pool, clock } = await poolOf(...models);
    const running = enter(pool, x);
    const later = enter(pool, y);
    clock.skip(1);
    const latest = enter(pool, x);
    running.turn?.release();
    await settled();
    expect([later.turn !== null, latest.turn !== null, loads(pool)]).toEqual([true, false, [1]]);
  });

  it('of models that share a server is not kept from one of them by the crowd that waits for the other', async () => {
    const models = ['x', 'y'].map((name) => model({ name, maxInFlight: 1 }, ['http://a']));
    const [x, y] = models as [OfferedModel, OfferedModel];
    const { pool, clock } = await poolOf(...models);
    const crowd = Array.from({ length: 20 }, () => enter(pool, x));
    clock.skip(1000);
    const single = enter(pool, y);
    const served: (string | undefined)[] = [];
    for (const each of crowd.slice(0, 2)) {
      clock.skip(1);
      each.turn?.release();
      await settled();
      served.push(single.turn?.replica.url);
    }
    expect(served).toEqual([undefined, 'http://a']);
  });

  it('is waited for until half a second before the client gives up, and by the others as long as they may', async () => {
    const one = model({ maxInFlight: 1 }, ['http://a']);
    const { pool, clock } = await poolOf(one);
    enter(pool, one);
    const hasty = enter(pool, one, { share: { patienceMs: 2000 } });
    const patient = enter(pool, one, { share: { patienceMs: 3_600_000 } });
    const usual = enter(pool, one);
    const codes = async (skipMs: number): Promise<(string | undefined)[]> => {
      clock.skip(skipMs);
      await settled();
      return [hasty, patient, usual].map(({ refusal }) => refusal?.code);
    };
    expect(await codes(1499)).toEqual([undefined, undefined, undefined]);
    expect(await codes(1)).toEqual(['queue_full', undefined, undefined]);
    expect(await codes(one.queue.maxWaitMs - 1501)).toEqual(['queue_full', undefined, undefined]);
    expect(await codes(1)).toEqual(['queue_full', 'queue_full', 'queue_full']);
  });

  it('comes later to a share whose last request cost more than was expected', async () => {
    const one = model({ maxInFlight: 1 }, ['http://a']);
    const { pool } = await poolOf(one);
    const share = (name: string): { share: Partial<FairShare> } => ({ share: { name, tokens: 100 } });
    const first = enter(pool, one, share('spender'));
    const waiting = ['spender', 'other', 'other'].map((name) => enter(pool, one, share(name)));
    first.turn?.cost(1000);
    const order: number[] = [];
    for (let running = first; ;) {
      running.turn?.release();
      await settled();
      const at = waiting.findIndex((each, index) => each.turn !== null && !order.includes(index));
      const next = waiting[at];
      if (next === undefined) break;
      order.push(at);
      running = next;
    }
    expect(order).toEqual([1, 2, 0]);
  });

  it('is waited for by every name that "*" passes on in one line', async () => {
    const any = model({ origin: 'wildcard', name: '*', maxInFlight: 1 }, ['http://a']);
    const { pool } = await poolOf(any);
    enter(pool, { ...any, name: 'p' });
    enter(pool, { ...any, name: 'q' });
    expect(pool.states()[0]).toMatchObject({ inFlight: 1, waiting: 1, models: ['*'] });
  });
});

describe('a reload', () => {
  it('keeps what runs, what waits and what is known, and gives those who wait the room of a new replica', async () => {
    const before = model({ maxInFlight: 1 }, ['http://a']);
    const { pool } = await poolOf(before);
    const running = enter(pool, before);
    const waiting = enter(pool, before);
    const after = model({ maxInFlight: 1 }, ['http://a', 'http://new']);
    pool.use([after]);
    await settled();
    expect([waiting.turn?.replica.url, loads(pool)]).toEqual(['http://new', [1, 1]]);
    running.turn?.release();
    waiting.turn?.release();
    expect(loads(pool)).toEqual([0, 0]);
  });

  it('that takes the model away refuses those who wait', async () => {
    const one = model({ maxInFlight: 1 }, ['http://a']);
    const { pool } = await poolOf(one);
    enter(pool, one);
    const waiting = enter(pool, one);
    pool.use([]);
    await settled();
    expect(waiting.refusal?.code).toBe('no_available_replica');
  });
});

describe('a drain', () => {
  it('resolves when nothing runs there any more; others get the requests meanwhile', async () => {
    const { pool } = await poolOf(model());
    const [first, second] = [enter(pool, model()), enter(pool, model())];
    const drained = pool.drain('http://a').then(() => 'drained');
    expect([enter(pool, model()).turn?.replica.url, enter(pool, model()).turn?.replica.url]).toEqual([
      'http://b',
      'http://b',
    ]);
    expect(await Promise.race([drained, settled()])).toBeUndefined();
    first.turn?.release();
    second.turn?.release();
    expect(await drained).toBe('drained');
  });

  it('of the only replica refuses requests, or lets them wait when it comes back by itself', async () => {
    const one = model({}, ['http://a']);
    const { pool } = await poolOf(one);
    await pool.drain('http://a', 'operator');
    expect(enter(pool, one).refusal?.code).toBe('no_available_replica');
    await pool.drain('http://a', 'restart');
    const waiting = enter(pool, one);
    expect(waiting.refusal).toBeNull();
    pool.resume('http://a');
    await settled();
    expect(waiting.turn?.replica.url).toBe('http://a');
  });
});

describe('moving on while nothing was sent', () => {
  it('goes to a replica it did not have, and waits in front of the others when that is full', async () => {
    const one = model({ maxInFlight: 1 });
    const { pool } = await poolOf(one);
    const [first, second] = [enter(pool, one), enter(pool, one)];
    const waiting = enter(pool, one);
    first.turn?.failed('refused');
    const next = first.turn?.another();
    expect(isPromise(next)).toBe(true);
    second.turn?.release();
    expect((await next)?.url).toBe('http://b');
    await settled();
    expect([waiting.turn, loads(pool)]).toEqual([null, [0, 1]]);
  });

  it('whoever hangs up while it waits for another one leaves nothing behind', async () => {
    const one = model({ maxInFlight: 1 });
    const { pool } = await poolOf(one);
    const [first, second] = [enter(pool, one), enter(pool, one)];
    first.turn?.failed('refused');
    const next = first.turn?.another();
    first.turn?.release();
    expect(await next).toBeNull();
    second.turn?.release();
    expect(pool.states().map(({ inFlight, waiting }) => [inFlight, waiting])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('takes at most one attempt in five requests, and a handful beyond', async () => {
    const one = model(
      { maxInFlight: 1000 },
      Array.from({ length: 50 }, (_, at) => `http://${at}`),
    );
    const { pool } = await poolOf(one);
    let moved = 0;
    const requests = 1000;
    for (let at = 0; at < requests; at += 1) {
      const { turn } = enter(pool, one);
      if (turn !== null && turn.declined({ status: 429, retryAfter: true, body: Buffer.alloc(0) }) !== null) moved += 1;
      turn?.release();
    }
    expect(moved).toBeGreaterThan(requests * 0.19);
    expect(moved).toBeLessThanOrEqual(requests * 0.2 + 10);
  });
});

type Act =
  | { do: 'enter'; only: number | null }
  | { do: 'release' | 'leave' | 'refused' | 'broke' | 'answered' | 'declined'; at: number }
  | { do: 'drain' | 'resume'; at: number }
  | { do: 'skip'; ms: number };

const URLS = ['http://a', 'http://b', 'http://c'];
const at = fc.nat(20);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('enter' as const), only: fc.option(fc.nat(2), { freq: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'answered' as const, 'leave' as const), at }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('refused' as const, 'broke' as const, 'declined' as const), at }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'resume' as const), at: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('skip' as const), ms: fc.nat(20_000) }) },
);

describe('whatever happens, in any order', () => {
  it('no replica has more than it may, every place is given back once, and nobody is forgotten', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (acts, maxInFlight) => {
        const one = model({ maxInFlight, queue: { maxWaiting: 5, maxWaitMs: 60_000, heartbeatAfterMs: null } }, URLS);
        const { pool, clock } = await poolOf(one);
        const all: Entered[] = [];
        const moving = new Set<Turn>();
        for (const step of acts) {
          perform(step, { pool, clock, one, all, moving });
          await settled();
          for (const { inFlight, waiting } of pool.states()) {
            expect(inFlight).toBeGreaterThanOrEqual(0);
            expect(inFlight).toBeLessThanOrEqual(maxInFlight);
            expect(waiting).toBeLessThanOrEqual(5 + all.length);
          }
        }
        for (const url of URLS) pool.resume(url);
        for (let round = 0; round < 3; round += 1) {
          for (const { turn } of all) turn?.release();
          clock.skip(61_000);
          await settled();
        }
        for (const { turn } of all) turn?.release();
        expect(pool.states().map(({ inFlight, waiting }) => [inFlight, waiting])).toEqual(URLS.map(() => [0, 0]));
        expect(all.filter(({ turn, refusal }) => turn === null && refusal === null)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

interface World {
  pool: Pool;
  clock: ReturnType<typeof handClock>;
  one: OfferedModel;
  all: Entered[];
  /** Turns that look for another replica. */
  moving: Set<Turn>;
}

function perform(step: Act, { pool, clock, one, all, moving }: World): void {
  if (step.do === 'enter') all.push(enter(pool, one, step.only === null ? {} : { only: URLS[step.only] ?? '' }));
  else if (step.do === 'skip') clock.skip(step.ms);
  else if (step.do === 'drain') void pool.drain(URLS[step.at] ?? '');
  else if (step.do === 'resume') pool.resume(URLS[step.at] ?? '');
  else {
    const { turn, leave } = all[step.at % Math.max(1, all.length)] ?? { turn: null, leave: () => {} };
    if (step.do === 'leave') leave(new Refusal('client_gone'));
    else if (step.do === 'release') turn?.release();
    else if (step.do === 'answered') turn?.answered();
    else if (step.do === 'broke') turn?.failed('broke');
    else if (step.do === 'declined') turn?.declined({ status: 503, retryAfter: true, body: Buffer.alloc(0) });
    else if (turn !== null && !moving.has(turn)) {
      turn.failed('refused');
      moving.add(turn);
      void Promise.resolve(turn.another()).then(() => moving.delete(turn));
    }
  }
}
