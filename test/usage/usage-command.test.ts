import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { openStores } from '../../src/gateway/stores.js';
import type { LedgerRow } from '../../src/usage/ledger.js';
import { CliWorld, type Outcome } from '../cli/cli-world.js';
import { ledgerRow, writeRows } from './settled-rows.js';

const DAY_MS = 86_400_000;
/** Noon of yesterday, UTC. */
const NOON_MS = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS + DAY_MS / 2;
const YESTERDAY = new Date(NOON_MS).toISOString().slice(0, 10);

let world: CliWorld;
let laptop: string;

beforeEach(async () => {
  world = await CliWorld.make();
  const made = await world.here(['keys', 'create', '--name', '=cmd|calc', '--owner', 'alice', '--json']);
  laptop = String(made.json()['id']);
});
afterEach(() => world.remove());

/** Puts rows into the ledger of this world, as a gateway that ran before. */
async function admitted(rows: readonly LedgerRow[]): Promise<void> {
  const outcome = await loadConfig({ text: '', env: {}, cwd: world.home });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const { config } = outcome.loaded;
  const stores = await openStores({
    dataDir: world.dataDir,
    create: false,
    config: () => config,
    clock: systemClock,
    log: silentLog,
  });
  writeRows(stores.usage.journal, rows);
  await stores.close();
}

const usual = (): LedgerRow[] => [
  ledgerRow(1, { callerId: laptop, atMs: NOON_MS }),
  ledgerRow(2, { callerId: laptop, atMs: NOON_MS + 1, settled: { gpuCertainty: 'estimated', certainty: 'estimated' } }),
  ledgerRow(3, { callerId: 'jwt:carol', owner: null, model: 'a,"b"', atMs: NOON_MS + 2, inputTokens: 5 }),
];

/** Lines of a table, cells apart. */
const tableOf = ({ out }: Outcome): string[][] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

describe('keyporter usage', () => {
  test('shows a row for each key, the one with most tokens first, the sum last, and marks what is estimated', async () => {
    await admitted(usual());
    const shown = await world.here(['usage']);
    expect([shown.code, tableOf(shown)]).toEqual([
      0,
      [
        ['KEY', 'NAME', 'REQUESTS', 'FAILED', 'INPUT', 'OUTPUT', 'TOKENS', 'CACHED', 'SECONDS', 'GPU SECONDS'],
        [laptop, '=cmd|calc', '2', '0', '~20', '~40', '~60', '8', '2.0', '~1.0'],
        ['jwt:carol', '-', '1', '0', '5', '20', '25', '4', '1.0', '0.5'],
        ['total', '', '3', '0', '~25', '~60', '~85', '12', '3.0', '~1.5'],
      ],
    ]);
    const seen = await world.here(['usage', '--by', 'day,owner'], { terminal: true });
    expect(seen.out).toContain('~ = an estimate in part');
    expect(seen.out).toMatch(new RegExp(`${YESTERDAY} +alice +2 `));
  });

  test('--json is the admin API’s own answer, and the filters and times reach it', async () => {
    await admitted(usual());
    const { json } = await world.here(['usage', '--by', 'model,hour', '--key', laptop, '--since', '3d', '--json']);
    expect(json()).toMatchObject({
      data: [{ key_id: null, model: 'qwen3', requests: 2, from_at: NOON_MS / 1000, day: YESTERDAY }],
      next: null,
    });
    const before = await world.here(['usage', '--until', YESTERDAY, '--json']);
    expect(before.json()).toEqual({ data: [], next: null });
  });

  test('--csv is CSV with the names of the admin API, in which no name can act as a formula or break a row', async () => {
    await admitted(usual());
    const { out } = await world.here(['usage', '--by', 'key,model', '--csv']);
    const numbers =
      'requests,failed,input_tokens,output_tokens,total_tokens,cached_tokens,estimated_requests,gpu_seconds,gpu_seconds_estimated,duration_ms,queued_ms';
    expect(out).toBe(
      [
        `key_id,key_name,model,${numbers}`,
        `${laptop},'=cmd|calc,qwen3,2,0,20,40,60,8,1,1,0.5,2000,10`,
        `jwt:carol,,"a,""b""",1,0,5,20,25,4,0,0.5,0,1000,5`,
        '',
      ].join('\r\n'),
    );
  });

  test('without any requests it says what to do', async () => {
    const { code, out } = await world.here(['usage']);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^No requests since .* UTC\. Look further back with --since/),
    ]);
    expect((await world.here(['usage', '--csv'])).out).toMatch(/^key_id,key_name,[a-z_,]+\r\n$/);
  });

  test('a mistyped group or limit is refused with the one that was probably meant', async () => {
    const group = await world.here(['usage', '--by', 'key,modle']);
    const limit = await world.here(['usage', 'replay', '--limit', 'requests_per_dya=1']);
    expect([group.code, group.err, limit.code, limit.err]).toEqual([
      2,
      expect.stringContaining('model was probably meant'),
      2,
      expect.stringContaining('"requests_per_day"'),
    ]);
  });

  test('says the same over the socket of a gateway, and over its address with a key that may read usage', async () => {
    await admitted(usual());
    const made = await world.here(['keys', 'create', '--name', 'reader', '--scope', 'usage:read', '--json']);
    const offline = await world.here(['usage', '--json']);
    const gateway = await world.serve('--demo');
    const env = { KEYPORTER_KEY: String(made.json()['key']), KEYPORTER_URL: gateway.url };
    expect((await world.here(['usage', '--json'])).out).toBe(offline.out);
    expect((await world.run(['usage', '--json'], { env })).out).toBe(offline.out);
    const replayed = await world.run(['usage', 'replay', '--limit', 'requests_per_day=1'], { env, terminal: true });
    expect([replayed.code, replayed.out]).toEqual([
      0,
      expect.stringContaining('1 of 3 requests would have been refused'),
    ]);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });
});

test('explain knows from the ledger what was used, while no gateway runs', async () => {
  const asked = ['explain', '--id', laptop, 'POST', '/v1/chat/completions', '--json'];
  await world.here(['keys', 'update', laptop, '--limit', 'output_tokens_per_month=2']);
  expect((await world.here(asked)).json()).toMatchObject({ allowed: true, limits: [{ remaining: 2, most: 2 }] });
  await admitted([ledgerRow(1, { callerId: laptop, atMs: Date.now() })]);
  const { code, json } = await world.here(asked);
  expect([code, json()]).toMatchObject([0, { status: 429, code: 'insufficient_quota', limits: [{ remaining: 0 }] }]);
  const shown = await world.here(asked.slice(0, -1));
  expect(shown.out).toContain('It would be refused: 429 insufficient_quota.');
  expect(shown.out).toMatch(/It would pass from \d{4}-\d\d-01 00:00:00 UTC on/);
});

describe('keyporter usage replay', () => {
  test('shows who would have been refused, by which limit and when, and sums it up', async () => {
    await admitted(usual());
    const shown = await world.here(['usage', 'replay', '--limit', 'requests_per_day=1']);
    const noon = `${YESTERDAY} 12:00`;
    expect([shown.code, ...tableOf(shown).slice(0, 2)]).toEqual([
      0,
      ['WHO', 'NAME', 'LIMIT', 'REFUSED', 'REQUESTS', 'TOKENS', 'SHORTENED', 'FIRST', 'LAST'],
      [laptop, '=cmd|calc', 'requests_per_day', '1', '2', '50.0 %', '0', noon, noon],
    ]);
    expect(shown.out).toMatch(/1 of 3 requests would have been refused from .* with 35\.3 % of the tokens\.\n$/);
  });

  test('says that nobody would have been refused, or that there was nothing to try it on', async () => {
    const nothing = await world.here(['usage', 'replay', '--limit', 'requests_per_day=1']);
    expect([nothing.code, nothing.out]).toEqual([0, expect.stringContaining('No requests from')]);
    await admitted(usual());
    const nobody = await world.here(['usage', 'replay', '--limit', 'requests_per_day=100', '--for', 'owner']);
    expect(nobody.out).toMatch(/^Nobody would have been refused: all 2 requests .*\n1 request without an owner/);
  });

  test('on a terminal it shows how far it has come and leaves nothing of that behind', async () => {
    await admitted(usual());
    const args = ['usage', 'replay', '--limit', 'requests_per_day=1'];
    const seen = await world.here(args, { terminal: true });
    expect(seen.err).toMatch(/^\r\u001b\[K\[[#.]{30}\] +\d+ % {2}3 requests\r\u001b\[K$/);
    expect(seen.out).toContain('would have been refused');
    for (const quiet of [await world.here(args), await world.here([...args, '--json'], { terminal: true })])
      expect(quiet.err).toBe('');
  });
});
