import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld, type Reply } from '../admin/admin-world.js';
import { ledgerRow, writeRows } from './settled-rows.js';

const DAY_MS = 86_400_000;
/** Midnight of the day before yesterday, UTC. */
const FIRST_MS = (Math.floor(Date.now() / DAY_MS) - 2) * DAY_MS;
const FIRST = FIRST_MS / 1000;
const DAY = DAY_MS / 1000;

let world: AdminWorld;
let laptop: string;
let desktop: string;

beforeAll(async () => {
  world = await openAdminWorld();
  laptop = (await world.key({ name: 'laptop', owner: 'alice' })).record.id;
  desktop = (await world.key({ name: 'desktop', owner: 'bob' })).record.id;
  const of = (callerId: string, owner: string | null, day: number) => ({
    callerId,
    owner,
    atMs: FIRST_MS + day * DAY_MS,
  });
  writeRows(world.stores.usage.journal, [
    ledgerRow(1, of(laptop, 'alice', 0)),
    ledgerRow(2, { ...of(laptop, 'alice', 1), settled: { status: 502, code: 'upstream_error', outputTokens: 0 } }),
    ledgerRow(3, {
      ...of(laptop, 'alice', 1),
      model: 'gemma3',
      inputTokens: 1000,
      settled: { gpuCertainty: 'estimated' },
    }),
    ledgerRow(4, { ...of(desktop, 'bob', 1), settled: { certainty: 'estimated' } }),
    ledgerRow(5, of('goneeeeeeeee', null, 1)),
    ledgerRow(6, of('jwt:carol', null, 0)),
  ]);
});
afterAll(() => world.close());

const usage = (query: string, caller = OPERATOR): Promise<Reply> => world.ask(caller, 'GET', `/admin/v1/usage${query}`);
const rowsOf = (reply: Reply): Record<string, unknown>[] => reply.body['data'] as Record<string, unknown>[];
const picked = (reply: Reply, ...names: string[]): unknown[][] =>
  rowsOf(reply).map((row) => names.map((name) => row[name]));

describe('GET /admin/v1/usage', () => {
  test('adds up requests, tokens and time of each key, those with most tokens first, and names the keys', async () => {
    const reply = await usage('');
    expect(picked(reply, 'key_id', 'key_name', 'total_tokens')).toEqual(
      [
        [laptop, 'laptop', 1060],
        [desktop, 'desktop', 30],
        ['goneeeeeeeee', null, 30],
        ['jwt:carol', null, 30],
      ].toSorted((one, other) => Number(other[2]) - Number(one[2]) || (String(one[0]) < String(other[0]) ? -1 : 1)),
    );
    expect(rowsOf(reply)[0]).toEqual({
      key_id: laptop,
      key_name: 'laptop',
      owner: null,
      model: null,
      day: null,
      from_at: null,
      requests: 3,
      failed: 1,
      input_tokens: 1020,
      output_tokens: 40,
      total_tokens: 1060,
      cached_tokens: 12,
      estimated_requests: 0,
      gpu_seconds: 1.5,
      gpu_seconds_estimated: 0.5,
      duration_ms: 3000,
      queued_ms: 15,
    });
  });

  test('puts together by several names at once, the earliest day first', async () => {
    const reply = await usage('?by=owner,day');
    const [first, second] = [0, 1].map((day) => new Date(FIRST_MS + day * DAY_MS).toISOString().slice(0, 10));
    expect(picked(reply, 'day', 'from_at', 'owner', 'requests')).toEqual([
      [first, FIRST, null, 1],
      [first, FIRST, 'alice', 1],
      [second, FIRST + DAY, 'alice', 2],
      [second, FIRST + DAY, null, 1],
      [second, FIRST + DAY, 'bob', 1],
    ]);
  });

  test('bounds the time and the key, owner or model asked for; the end is exclusive', async () => {
    expect(picked(await usage(`?by=model&since=${FIRST}&until=${FIRST + DAY}`), 'model', 'requests')).toEqual([
      ['qwen3', 2],
    ]);
    expect(picked(await usage(`?by=model&key_id=${laptop}`), 'model', 'requests')).toEqual([
      ['gemma3', 1],
      ['qwen3', 2],
    ]);
    expect(picked(await usage('?by=owner&owner=bob'), 'owner', 'estimated_requests')).toEqual([['bob', 1]]);
    expect(picked(await usage('?by=hour&model=gemma3'), 'from_at', 'requests')).toEqual([[FIRST + DAY, 1]]);
  });

  test('gives every row once, page by page, in the same order', async () => {
    const whole = rowsOf(await usage('?by=key,day,model'));
    const read: unknown[] = [];
    for (let after = ''; ;) {
      const page = await usage(`?by=key,day,model&limit=2${after}`);
      expect(rowsOf(page).length).toBeLessThanOrEqual(2);
      read.push(...rowsOf(page));
      const { next } = page.body;
      if (typeof next !== 'string') break;
      after = `&after=${next}`;
    }
    expect([whole.length, read]).toEqual([6, whole]);
  });

  test.each([
    '?by=modle',
    '?by=',
    '?by=key,,owner',
    '?by=day,hour',
    '?colour=red',
    '?since=soon',
    '?since=20&until=10',
    `?since=${FIRST}&until=${FIRST}`,
    '?by=hour&since=0',
    '?after=nonsense',
    '?limit=0',
    '?by=key&by=owner',
  ])('%s is refused', async (query) => {
    expect((await usage(query)).status).toBe(400);
  });

  test('a mistyped group is answered with the one that was probably meant', async () => {
    expect((await usage('?by=key,modle')).body['detail']).toContain('did you mean "model"?');
  });

  test('a key with an owner sees that owner’s use alone, and no name of a key of others', async () => {
    const { record } = await world.key({ scopes: ['usage:read'], owner: 'bob' });
    const caller = holderOf(record);
    expect(picked(await usage('', caller), 'key_id')).toEqual([[desktop]]);
    expect(picked(await usage('?owner=alice', caller), 'key_id')).toEqual([]);
    expect(picked(await usage(`?key_id=${laptop}`, caller), 'key_id')).toEqual([]);
    await world.stores.keys.life.update(desktop, { owner: 'carol' }, OPERATOR.actor);
    expect(picked(await usage('', caller), 'key_id', 'key_name')).toEqual([[desktop, null]]);
    await world.stores.keys.life.update(desktop, { owner: 'bob' }, OPERATOR.actor);
  });
});

describe('POST /admin/v1/usage/replay', () => {
  const replay = (body: object, caller = OPERATOR, path = ''): Promise<Reply> =>
    world.ask(caller, 'POST', `/admin/v1/usage/replay${path}`, { body });

  test('tells who would have been refused, by which limit, when, and what part of the tokens that is', async () => {
    const { body, status } = await replay({ limits: { requests_per_day: 1 } });
    expect([status, body]).toEqual([
      200,
      {
        data: [
          {
            key_id: laptop,
            key_name: 'laptop',
            owner: null,
            model: null,
            requests: 3,
            refused: 1,
            shortened: 0,
            total_tokens: 1060,
            refused_tokens: 1020,
            limits: [
              {
                limit: 'requests_per_day',
                account: `key:${laptop}`,
                refused: 1,
                first_at: FIRST + DAY,
                last_at: FIRST + DAY,
              },
            ],
          },
        ],
        next: null,
        left_out: 0,
        since: expect.any(Number),
        until: expect.any(Number),
        requests: 6,
        refused: 1,
        shortened: 0,
        total_tokens: 1150,
        refused_tokens: 1020,
        not_bound: 0,
        subjects: 4,
      },
    ]);
  });

  test('says that nobody would have been refused, and bounds itself to one key, owner or time', async () => {
    expect((await replay({ limits: { requests_per_day: 2 } })).body).toMatchObject({
      data: [],
      refused: 0,
      requests: 6,
    });
    expect((await replay({ limits: { requests_per_day: 1 }, key_id: desktop })).body).toMatchObject({
      requests: 1,
      refused: 0,
    });
    expect((await replay({ limits: { requests_per_day: 1 }, until: FIRST + DAY })).body).toMatchObject({
      requests: 2,
      refused: 0,
    });
    expect((await replay({ limits: { requests_per_day: 1 }, for: 'owner' })).body).toMatchObject({
      requests: 4,
      not_bound: 2,
    });
  });

  test('follow answers line by line and with the same outcome last', async () => {
    const until = FIRST + 3 * DAY;
    const { body } = await replay({ limits: { requests_per_day: 1 }, until });
    const { text, headers } = await replay({ limits: { requests_per_day: 1 }, until }, OPERATOR, '?follow=1');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(lines).toEqual([{ progress: { rows: 6, share: expect.any(Number) } }, body]);
  });

  test('a key with an owner replays that owner’s requests alone', async () => {
    const { record } = await world.key({ scopes: ['usage:read'], owner: 'bob' });
    const body = { limits: { requests_per_day: 1 } };
    expect((await replay(body, holderOf(record))).body).toMatchObject({ requests: 1, subjects: 1 });
    expect((await replay({ ...body, owner: 'alice' }, holderOf(record))).body).toMatchObject({ requests: 0 });
    expect((await replay({ ...body, key_id: laptop }, holderOf(record))).body).toMatchObject({ requests: 0 });
  });

  test.each([
    {},
    { limits: {} },
    { limits: { requests_per_day: 0 } },
    { limits: { requests_per_day: null } },
    { limits: { requests_per_day: 1.5 } },
    { limits: { requests_per_dya: 1 } },
    { limits: { priority: 'low' } },
    { limits: { requests_per_day: 1 }, for: 'everybody' },
    { limits: { requests_per_day: 1 }, since: 20, until: 10 },
    { limits: { requests_per_day: 1 }, colour: 'red' },
  ])('%o is refused', async (body) => {
    expect((await replay(body)).status).toBe(400);
  });

  test('one replay runs at a time; when its client leaves it ends, and the next one may begin', async () => {
    const gone = new AbortController();
    const request = (signal: AbortSignal): Promise<Response> =>
      world.app.fetch(
        new Request('http://keyporter/admin/v1/usage/replay', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ limits: { requests_per_day: 1 } }),
          signal,
        }),
        OPERATOR,
      );
    const first = request(gone.signal);
    const second = await request(new AbortController().signal);
    expect([second.status, ((await second.json()) as { code: string }).code]).toEqual([409, 'conflict']);
    gone.abort();
    expect((await first).status).toBe(499);
    expect((await request(new AbortController().signal)).status).toBe(200);
  });
});
