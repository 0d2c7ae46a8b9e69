import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/patience.js';
import { callerOf, Held, queued, type Answer, type Caller } from './held.js';
import { startPools, type PoolWorld } from './pool-world.js';

const RETRY = { 'x-stainless-retry-count': '1' };

/** A server with one place, which is taken, and requests that wait for it one after the other. */
class Crowd {
  readonly world: PoolWorld;
  readonly #held: Held;
  readonly #answers: Promise<Answer>[] = [];

  private constructor(world: PoolWorld, held: Held) {
    this.world = world;
    this.#held = held;
  }

  static async start(queue: Record<string, unknown> = {}): Promise<Crowd> {
    const held = await Held.start();
    const world = await startPools([held.replica], { max_in_flight: 1, queue });
    const crowd = new Crowd(world, held);
    onTestFinished(() => held.release());
    const filler = await callerOf(world);
    crowd.#answers.push(filler.ask('runs'));
    await until(10_000, 'the place is taken', async () => (await world.admin.streams()).length === 1);
    return crowd;
  }

  caller(limits?: Record<string, unknown>): Promise<Caller> {
    return callerOf(this.world, limits);
  }

  /** Ids of those that wait, in the order in which they would be served. */
  async line(): Promise<string[]> {
    const waiting = await queued(this.world);
    return waiting.sort((a, b) => Number(a.position) - Number(b.position)).map(({ key_id: id }) => id);
  }

  async untilWaiting(count: number): Promise<void> {
    await until(20_000, `${count} wait`, async () => (await queued(this.world)).length === count);
  }

  /** One more waits from here on. */
  async joins(caller: Caller, who: string, headers: Record<string, string> = {}): Promise<void> {
    const before = (await queued(this.world)).length;
    this.#answers.push(caller.ask(who, headers));
    await this.untilWaiting(before + 1);
  }

  /** One more waits, whose client can hang up. */
  async attempt(caller: Caller, who: string, headers: Record<string, string> = {}): Promise<() => Promise<void>> {
    const before = (await queued(this.world)).length;
    const client = new AbortController();
    const gone = caller.ask(who, headers, client.signal).catch(() => null);
    await this.untilWaiting(before + 1);
    return async () => {
      const now = (await queued(this.world)).length;
      client.abort();
      await gone;
      await this.untilWaiting(now - 1);
    };
  }

  /** Lets everybody have his turn; answers whose requests the server got after the first, in their order. */
  async served(): Promise<string> {
    for (;;) {
      if ((await queued(this.world)).length === 0) break;
      await this.#held.turn();
    }
    this.#held.release();
    for (const { status } of await Promise.all(this.#answers)) expect(status).toBe(200);
    return this.#held.got.slice(1).join(' ');
  }
}

describe('a retry whose earlier attempt hung up while it waited', () => {
  it('is served where that one stood: behind who came before, ahead of who came after, of its own key and of others', async () => {
    const crowd = await Crowd.start();
    const [own, first, second, third] = await Promise.all([1, 2, 3, 4].map(() => crowd.caller()));
    if (!own || !first || !second || !third) throw new Error('there are four');
    await crowd.joins(first, 'before');
    const hangUp = await crowd.attempt(own, 'again');
    await crowd.joins(second, 'behind');
    await hangUp();
    await crowd.joins(third, 'late');
    await crowd.joins(own, 'newer');
    await crowd.joins(own, 'again', RETRY);
    expect((await crowd.line()).slice(0, 2)).toEqual([first.keyId, own.keyId]);
    expect(await crowd.served()).toBe('before again behind late newer');
  });

  it('is one like others when it does not say so, asks something else, or comes from another key', async () => {
    const crowd = await Crowd.start();
    const [own, other] = [await crowd.caller(), await crowd.caller()];
    const hangUp = await crowd.attempt(own, 'again');
    await crowd.joins(other, 'other');
    await hangUp();
    await crowd.joins(other, 'again', RETRY);
    await crowd.joins(own, 'else', RETRY);
    await crowd.joins(own, 'again', { 'x-stainless-retry-count': '0' });
    expect(await crowd.served()).toBe('other else again again');
  });

  it('is known by the Idempotency-Key that both carry, and is not taken for one that carries another', async () => {
    const crowd = await Crowd.start();
    const [own, other] = [await crowd.caller(), await crowd.caller()];
    const hangUp = await crowd.attempt(own, 'again', { 'idempotency-key': 'one' });
    await crowd.joins(other, 'other');
    await hangUp();
    await crowd.joins(own, 'newer');
    await crowd.joins(own, 'again', { ...RETRY, 'idempotency-key': 'two' });
    expect((await crowd.line())[0]).toBe(other.keyId);
    await crowd.joins(own, 'again', { 'idempotency-key': 'one' });
    expect((await crowd.line())[0]).toBe(own.keyId);
    expect(await crowd.served()).toBe('again other newer again');
  });

  it('takes one place once; of two that are lost it is not clear which, and it gets neither', async () => {
    const crowd = await Crowd.start();
    const [own, other] = [await crowd.caller(), await crowd.caller()];
    const [one, two] = [await crowd.attempt(own, 'again'), await crowd.attempt(own, 'again')];
    await crowd.joins(other, 'other');
    await one();
    await two();
    await crowd.joins(own, 'again', RETRY);
    expect(await crowd.line()).toEqual([other.keyId, own.keyId]);
    expect(await crowd.served()).toBe('other again');
  });

  it('leaves a living request for the same as it is: both are served', async () => {
    const crowd = await Crowd.start();
    const [own, other] = [await crowd.caller(), await crowd.caller()];
    await crowd.joins(own, 'same');
    await crowd.joins(other, 'other');
    const hangUp = await crowd.attempt(own, 'same');
    await crowd.joins(own, 'newer');
    await hangUp();
    const living = (await crowd.world.admin.streams()).map(({ id }) => id);
    await crowd.joins(own, 'same', RETRY);
    expect((await crowd.world.admin.streams()).map(({ id }) => id)).toEqual(expect.arrayContaining(living));
    expect(await crowd.served()).toBe('same other same newer');
  });

  it('has lost the place of a key that was disabled in between', async () => {
    const crowd = await Crowd.start();
    const [own, other] = [await crowd.caller(), await crowd.caller()];
    const hangUp = await crowd.attempt(own, 'again');
    await crowd.joins(other, 'other');
    await hangUp();
    await crowd.world.admin.must('POST', `/keys/${own.keyId}/disable`);
    await crowd.world.admin.must('POST', `/keys/${own.keyId}/enable`);
    await crowd.joins(own, 'again', RETRY);
    expect(await crowd.served()).toBe('other again');
  });

  it('is charged once: attempts that were never sent are no requests of the day', async () => {
    const crowd = await Crowd.start();
    const own = await crowd.caller({ requests_per_day: 2, requests_per_minute: 100 });
    const other = await crowd.caller();
    for (const headers of [{}, RETRY, RETRY, RETRY]) {
      const hangUp = await crowd.attempt(own, 'again', headers);
      await hangUp();
    }
    await crowd.joins(other, 'other');
    await crowd.joins(own, 'again', RETRY);
    expect(await crowd.served()).toBe('again other');
    expect((await own.ask('second')).status).toBe(200);
    expect(await own.ask('third')).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });

  it('may wait as long as any: only its turn comes sooner', async () => {
    const crowd = await Crowd.start({ max_wait_seconds: 4 });
    const own = await crowd.caller();
    const startedAt = performance.now();
    const hangUp = await crowd.attempt(own, 'again');
    await until(10_000, 'two seconds', async () => {
      await crowd.line();
      return performance.now() - startedAt > 2000;
    });
    await hangUp();
    const retriedAt = performance.now();
    const answer = await own.ask('again', RETRY);
    expect(answer.code).toBe('queue_full');
    expect(performance.now() - retriedAt).toBeGreaterThanOrEqual(3900);
  });
});

describe('the client library of OpenAI with a short timeout and two retries, against a full pool', () => {
  it.each([
    ['that hangs up', { timeout: 2000 }, {}, 'client_gone'],
    ['that says when it will, and is refused before', {}, { timeout: 2000 }, 'queue_full'],
  ])(
    'is served in its first place: one %s',
    async (_, always, once, code) => {
      const crowd = await Crowd.start();
      const [own, other] = [await crowd.caller(), await crowd.caller()];
      const client = new OpenAI({
        apiKey: own.key,
        baseURL: `${crowd.world.gateway.url}/v1`,
        maxRetries: 2,
        ...always,
      });
      const body = { model: 'm', user: 'library', messages: [{ role: 'user' as const, content: 'Hi' }] };
      const completion = client.chat.completions.create(body, once);
      await crowd.untilWaiting(1);
      const first = (await queued(crowd.world))[0]?.id ?? '';
      await crowd.joins(other, 'other');
      await crowd.joins(own, 'newer');
      await until(20_000, 'it has come again', async () => {
        const ids = (await queued(crowd.world)).map(({ id }) => id);
        return ids.length === 3 && !ids.includes(first);
      });
      expect(await crowd.served()).toBe('library other newer');
      expect((await completion).id).toBe('x');
      const rows = (await crowd.world.admin.must('GET', '/requests'))['data'] as { id: string; code: string | null }[];
      expect(rows.find(({ id }) => id === first)?.code).toBe(code);
    },
    60_000,
  );
});
