import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { startWorld, type World } from '../support/start-gateway.js';

const PATH = '/v1/chat/completions';
const MODEL = 'test-model';
const DAY_SECONDS = 86_400;

interface Explained {
  allowed: boolean;
  status: number;
  code: string | null;
  message: string | null;
  rules: { rule: string; answer: string; why: string }[];
  limits: { limit: string; account: string; most: number; remaining: number; reset_ms: number }[];
  next_pass_at: number | null;
}

describe('explain and the limits', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ owners: { alice: { requests_per_day: 3 } } });
    world.upstream.onRequest = (exchange) => exchange.answer(200, { ok: true });
  });
  afterAll(() => world.close());

  const explain = async (id: string, more: object = {}): Promise<Explained> =>
    (await world.admin.must('POST', '/explain', {
      key_id: id,
      method: 'POST',
      path: PATH,
      model: MODEL,
      ...more,
    })) as unknown as Explained;
  const ask = (key: string) => send(world, wellFormed(key, { path: PATH, body: JSON.stringify({ model: MODEL }) }));
  const key = (fields: object) => world.admin.createKey({ scopes: ['infer'], ...fields });

  test('show how every limit of the key and its owner stands, without taking anything of them', async () => {
    const { id } = await key({ owner: 'alice', limits: { requests_per_minute: 10, concurrent_requests: 2 } });
    for (let times = 0; times < 5; times += 1) expect((await explain(id)).allowed).toBe(true);
    const { limits, rules } = await explain(id);
    const standing = limits.map(({ limit, account, most, remaining }) => [limit, account, most, remaining]);
    expect(standing.toSorted((one, other) => String(one).localeCompare(String(other)))).toEqual([
      ['concurrent_requests', `key:${id}`, 2, 2],
      ['requests_per_day', 'owner:alice', 3, 3],
      ['requests_per_minute', `key:${id}`, 10, 10],
    ]);
    expect(rules).toContainEqual({ rule: `concurrent_requests of key:${id}`, answer: 'allow', why: '2 of 2 left' });
  });

  test('a limit of a day that is used up refuses like serving does, until the next UTC day', async () => {
    const { id, key: secret } = await key({ limits: { requests_per_day: 1 } });
    expect([(await explain(id)).status, (await ask(secret)).status]).toEqual([200, 200]);
    const served = await ask(secret);
    const told = await explain(id);
    const { error } = JSON.parse(served.body.toString()) as { error: { code: string; message: string } };
    expect([told.status, told.code, told.message]).toEqual([served.status, error.code, error.message]);
    expect([told.status, (told.next_pass_at ?? 0) % DAY_SECONDS]).toEqual([429, 0]);
    expect(told.rules.at(-1)).toMatchObject({ rule: `requests_per_day of key:${id}`, answer: 'deny' });
    const tomorrow = await explain(id, { at: (told.next_pass_at ?? 0) + 1 });
    expect([tomorrow.allowed, tomorrow.rules.at(-1)?.answer]).toEqual([true, 'skip']);
  });

  test('while as many requests run as may, nobody knows when the next one passes', async () => {
    const { id, key: secret } = await key({ limits: { concurrent_requests: 1 } });
    const arrived = new Promise<void>((resolve) => {
      world.upstream.onRequest = (exchange) => {
        release = () => exchange.answer(200, { ok: true });
        resolve();
      };
    });
    let release = (): void => undefined;
    const running = ask(secret);
    await arrived;
    expect(await explain(id)).toMatchObject({ status: 429, code: 'rate_limit_exceeded', next_pass_at: null });
    release();
    await running;
    world.upstream.onRequest = (exchange) => exchange.answer(200, { ok: true });
    expect((await explain(id)).allowed).toBe(true);
  });
});
