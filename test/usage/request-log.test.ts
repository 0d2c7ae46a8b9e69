import { describe, expect, test } from 'vitest';
import { makeKey } from '../../src/keys/format.js';
import type { RequestRow } from '../../src/usage/request-row.js';
import { CanarySweep } from '../support/canary.js';
import { until } from '../support/patience.js';
import { allRows, BASE_MS, newDirectory, openHere, query, requestRow, testClock } from './usage-world.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

describe('reading the request log', () => {
  test('a row comes back as it went in, at once, and after the store was closed and opened', async () => {
    const dir = newDirectory();
    const rows = [
      requestRow(1),
      requestRow(2, {
        status: 401,
        code: 'invalid_api_key',
        reason: 'expired',
        keyId: null,
        owner: null,
        model: null,
        replica: null,
        firstByteMs: null,
        userAgent: null,
      }),
      requestRow(3, { previousSecret: true, streamed: false, correlationId: 'abc-1', attempts: 2 }),
    ];
    const usage = await openHere(dir);
    for (const row of rows) usage.requests.record(row);
    expect(await allRows(usage)).toEqual([...rows].reverse());
    await usage.close();
    expect(await allRows(await openHere(dir))).toEqual([...rows].reverse());
  });

  test('every filter, alone and together with others, gives what a plain filter gives', async () => {
    const usage = await openHere(newDirectory());
    const pick = <T>(number: number, values: T[]): T => values[number % values.length] as T;
    const rows = Array.from({ length: 600 }, (_, number) =>
      requestRow(number, {
        keyId: pick(number, [null, 'a', 'b', 'c']),
        owner: pick(number >> 2, [null, 'alice', 'bob']),
        model: pick(number >> 3, [null, 'm1', 'm2']),
        status: pick(number >> 1, [200, 200, 404, 429, 500, 101]),
      }),
    );
    for (const row of rows) usage.requests.record(row);
    const newest = [...rows].reverse();
    const is = (row: RequestRow, status: string): boolean =>
      status.endsWith('xx') ? String(row.status)[0] === status[0] : row.status === Number(status);
    for (const status of ['200', '404', '4xx', '2xx', '5xx', '1xx', '403']) {
      expect(await allRows(usage, { status }, 100)).toEqual(newest.filter((row) => is(row, status)));
      expect(await allRows(usage, { status, keyId: 'a', sinceMs: BASE_MS + 300 }, 7)).toEqual(
        newest.filter((row) => is(row, status) && row.keyId === 'a' && row.startedAtMs >= BASE_MS + 300),
      );
    }
    expect(await allRows(usage, { owner: 'bob' })).toEqual(newest.filter((row) => row.owner === 'bob'));
    expect(await allRows(usage, { model: 'm2', owner: 'alice' })).toEqual(
      newest.filter((row) => row.model === 'm2' && row.owner === 'alice'),
    );
  });

  test('paging gives every row that was there exactly once, while others are written', async () => {
    const usage = await openHere(newDirectory());
    for (let number = 0; number < 500; number++) usage.requests.record(requestRow(number));
    const seen: string[] = [];
    let written = 500;
    for (let after: string | null = ''; after !== null;) {
      const page: { data: RequestRow[]; next: string | null } = await usage.requests.list(
        {},
        { limit: 37, ...(after === '' ? {} : { after }) },
      );
      seen.push(...page.data.map((row) => row.id));
      after = page.next;
      for (let more = 0; more < 20; more++)
        usage.requests.record(requestRow(written++, { startedAtMs: BASE_MS + 200 + written }));
    }
    expect(new Set(seen).size).toBe(seen.length);
    for (let number = 0; number < 500; number++) expect(seen).toContain(`req_${number}`);
  });

  test('five thousand requests of one millisecond are all kept', async () => {
    const usage = await openHere(newDirectory());
    for (let number = 0; number < 5000; number++) usage.requests.record(requestRow(number, { startedAtMs: BASE_MS }));
    expect(new Set((await allRows(usage)).map((row) => row.id)).size).toBe(5000);
    expect(usage.requests.dropped).toBe(0);
  });

  test('a status or a cursor that is none is refused with what to send', async () => {
    const usage = await openHere(newDirectory());
    for (const status of ['4', '999', '4xy', "404' OR 1", '']) {
      await expect(usage.requests.list({ status }, { limit: 1 })).rejects.toMatchObject({
        code: 'invalid_value',
        param: 'status',
      });
    }
    for (const after of ['x', '-1', '1;DROP'])
      await expect(usage.requests.list({}, { limit: 1, after })).rejects.toMatchObject({
        code: 'invalid_value',
        param: 'after',
      });
  });

  test('hostile texts in a filter find nothing and harm nothing', async () => {
    const usage = await openHere(newDirectory());
    usage.requests.record(requestRow(1));
    for (const text of ["' OR 1=1--", '\0', '\ud800', '%', '*']) {
      expect(await allRows(usage, { keyId: text, owner: text, model: text })).toEqual([]);
    }
    expect(await allRows(usage)).toHaveLength(1);
  });
});

describe('writing the request log', () => {
  test('whoever watches sees each row once until he stops, and one who fails harms nobody', async () => {
    const usage = await openHere(newDirectory());
    const seen: string[] = [];
    usage.requests.watch(() => {
      throw new Error('broken watcher');
    });
    const stop = usage.requests.watch((row) => void seen.push(row.id));
    usage.requests.record(requestRow(1));
    usage.requests.record(requestRow(2));
    stop();
    usage.requests.record(requestRow(3));
    expect(seen).toEqual(['req_1', 'req_2']);
    expect(await allRows(usage)).toHaveLength(3);
  });

  test('a flood of one refusal leaves twenty rows a second and an exact count', async () => {
    const dir = newDirectory();
    const clock = { ...testClock(), monotonic: () => 0 };
    const usage = await openHere(dir, { clock });
    for (let number = 0; number < 30_000; number++)
      usage.requests.record(requestRow(number, { status: 401, code: 'invalid_api_key' }));
    for (let number = 0; number < 5; number++)
      usage.requests.record(requestRow(number, { status: 404, code: 'unknown_url' }));
    for (let number = 0; number < 50; number++) usage.requests.record(requestRow(number, { status: 404, code: null }));
    await usage.close();
    expect(query(dir, 'SELECT code, count(*) AS rows FROM requests GROUP BY code ORDER BY code')).toEqual([
      { code: null, rows: 50 },
      { code: 'invalid_api_key', rows: 20 },
      { code: 'unknown_url', rows: 5 },
    ]);
    expect(query(dir, 'SELECT code, refused, logged FROM refusals ORDER BY code')).toEqual([
      { code: 'invalid_api_key', refused: 30_000, logged: 20 },
      { code: 'unknown_url', refused: 5, logged: 5 },
    ]);
    expect(usage.requests.dropped).toBe(0);
  });

  test('a row no column can hold is dropped and counted, and those around it are kept', async () => {
    const usage = await openHere(newDirectory());
    usage.requests.record(requestRow(1));
    usage.requests.record(requestRow(2, { startedAtMs: NaN }));
    usage.requests.record(requestRow(3, { status: NaN }));
    usage.requests.record(requestRow(4, { path: '\ud800\0', owner: '\u{1f600}' }));
    expect((await allRows(usage)).map((row) => row.id)).toEqual(['req_4', 'req_1']);
    expect(usage.requests.dropped).toBe(2);
  });

  test('long texts chosen by a client are bounded', async () => {
    const usage = await openHere(newDirectory());
    usage.requests.record(requestRow(1, { path: '/'.repeat(8000), userAgent: 'x'.repeat(16_000) }));
    expect((await allRows(usage)).map((row) => [row.path.length, row.userAgent?.length])).toEqual([[512, 512]]);
  });

  test('a key that a client put into a path or a header is in no file and no answer', async () => {
    const dir = newDirectory();
    const { id, secret } = makeKey();
    const text = secret.reveal();
    const usage = await openHere(dir);
    const seen: RequestRow[] = [];
    usage.requests.watch((row) => void seen.push(row));
    usage.requests.record(
      requestRow(1, {
        path: `/v1/models/${text}`,
        userAgent: `me ${text.replaceAll('_', '')}`,
        correlationId: text.replaceAll('_', ''),
        reason: `got sk-${text}`,
      }),
    );
    const sweep = new CanarySweep();
    sweep.add('list', JSON.stringify(await allRows(usage)));
    sweep.add('watch', JSON.stringify(seen));
    expect((await sweep.addDirectory(dir)).length).toBeGreaterThan(1);
    expect(sweep.leaks({ key: text, compact: text.replaceAll('_', '') })).toEqual([]);
    expect(seen[0]?.path).toBe(`/v1/models/kp_${id}_[secret]`);
  });

  test('a key that begins before the bound of a text is gone with its beginning', async () => {
    const usage = await openHere(newDirectory());
    const text = makeKey().secret.reveal();
    usage.requests.record(requestRow(1, { userAgent: 'x'.repeat(512 - 60) + text }));
    expect((await allRows(usage))[0]?.userAgent).not.toContain(text.slice(0, 40));
  });
});

describe('forgetting', () => {
  test('rows, counts and uses beyond their time go, newer ones stay, and the file gets smaller', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const usage = await openHere(dir, { clock, requestLogDays: 30 });
    const old = BASE_MS - 31 * DAY_MS;
    for (let number = 0; number < 12_000; number++)
      usage.requests.record(
        requestRow(number, { startedAtMs: old + number, keyId: 'old', path: `/${'x'.repeat(200)}` }),
      );
    usage.requests.record(requestRow(1));
    usage.requests.record(requestRow(2, { status: 401, code: 'invalid_api_key' }));
    await allRows(usage);
    const pages = (): number => Number(query(dir, 'PRAGMA page_count')[0]?.['page_count']);
    const before = pages();
    clock.pass(MINUTE_MS);
    await until(10_000, 'old rows go', async () => (await allRows(usage)).length === 2);
    clock.pass(MINUTE_MS);
    await until(
      10_000,
      'pages are given back',
      async () => (await usage.requests.recentUse(['old'])).addresses.length === 0 && pages() < before / 2,
    );
    expect(query(dir, "SELECT count(*) AS uses FROM recent_use WHERE key_id = 'old'")).toEqual([{ uses: 0 }]);
  });
});

describe('what a key was used for lately', () => {
  test('addresses and models of the last day, of the keys asked for, sampled refusals or not', async () => {
    const clock = testClock();
    const usage = await openHere(newDirectory(), { clock });
    usage.requests.record(requestRow(1, { keyId: 'a', address: '192.0.2.2', model: 'm1' }));
    usage.requests.record(requestRow(2, { keyId: 'a', address: '192.0.2.1', model: null }));
    usage.requests.record(requestRow(3, { keyId: 'b', address: '192.0.2.3', model: 'm2' }));
    usage.requests.record(requestRow(4, { keyId: 'a', address: '192.0.2.9', startedAtMs: BASE_MS - 2 * DAY_MS }));
    expect(await usage.requests.recentUse(['a'])).toEqual({ addresses: ['192.0.2.1', '192.0.2.2'], models: ['m1'] });
    expect(await usage.requests.recentUse(['b', 'a'])).toEqual({
      addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
      models: ['m1', 'm2'],
    });
    clock.nowMs += DAY_MS + 2 * MINUTE_MS;
    expect(await usage.requests.recentUse(['a', 'b', 'nobody'])).toEqual({ addresses: [], models: [] });
  });
});

describe('last use', () => {
  test('is known at once, survives a restart, and outlives the request log', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const usage = await openHere(dir, { clock, requestLogDays: 1 });
    usage.lastUse.touch('abcdefghijkl', 'current', 1_700_000_000);
    usage.lastUse.touch('abcdefghijkl', 'previous', 1_700_000_009);
    expect(usage.lastUse.of('abcdefghijkl')).toEqual({ current: 1_700_000_000, previous: 1_700_000_009 });
    clock.pass(1000);
    await until(5000, 'last use is written', async () => {
      await usage.requests.recentUse([]);
      return query(dir, 'SELECT * FROM last_use').length === 1;
    });
    clock.pass(MINUTE_MS);
    usage.lastUse.touch('mnopqrstuvwx', 'current', 1_700_000_001);
    await usage.close();
    const again = await openHere(dir);
    expect(again.lastUse.of('abcdefghijkl')).toEqual({ current: 1_700_000_000, previous: 1_700_000_009 });
    expect(again.lastUse.of('mnopqrstuvwx')).toEqual({ current: 1_700_000_001, previous: null });
  });
});
