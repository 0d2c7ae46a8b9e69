import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqlite, type SqlRow } from '../../src/storage/sqlite/driver.js';
import { requestOn } from '../support/dialect-routes.js';
import { until, within } from '../support/patience.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { RawClient } from '../support/raw-client.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { repeats } from '../support/rounds.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { behave, PLANS, readPlan, writePlan, type Plan, type Truth } from './soak-upstream.js';

const BATCH = 40;
const BATCHES = repeats(8, 250);
/** A group of rows is on disk after 20 ms; a machine that is busy with other work may look at its timers later. */
const LATE_MS = 1000;

const seed = seedOfThisRun();
const random = repeatableRandom(seed);
const upstream = await RecordingUpstream.start({ models: ['test-model'], record: false });
const home = await GatewayHome.make(configuration(4096));
afterAll(async () => {
  await home.remove();
  await upstream.close();
});

function configuration(defaultOutput: number): Record<string, unknown> {
  return {
    models: { 'test-model': { replicas: [{ url: upstream.url }], max_in_flight: 24, queue: { max_waiting: 10 } } },
    limits: { default_output_tokens: defaultOutput, tokens_per_day: 100_000_000 },
    owners: { ann: { tokens_per_day: 50_000_000 } },
  };
}

/** What the model server did, by request id. */
const truths = new Map<string, Truth>();
upstream.onRequest = (exchange) => {
  const truth: Truth = { plan: readPlan(String(exchange.json()['user'])), sent: 0, arrivedAt: performance.now() };
  truths.set(exchange.header('x-request-id') ?? '', truth);
  behave(exchange, truth);
};

interface Holder {
  id: string;
  key: string;
  revoked: boolean;
}

const holders: Holder[] = [];
/** Monotonic milliseconds of each SIGKILL. */
const kills: number[] = [];

async function newHolder(gateway: SpawnedGateway): Promise<void> {
  const limits = random.pick([
    {},
    { concurrent_requests: 5 },
    { output_tokens_per_day: 400 },
    { requests_per_minute: 30 },
    { tokens_per_day: 2000 },
  ]);
  const made = await gateway.admin.createKey({ scopes: ['infer'], owner: random.pick([null, 'ann', 'ben']), limits });
  holders.push({ ...made, revoked: false });
}

/** One request of a caller who stays to the end, or leaves as its plan says. */
async function request(gateway: SpawnedGateway): Promise<void> {
  const holder = random.pick(holders);
  const plan: Plan = { kind: random.pick(PLANS), tokens: 1 + random.below(60), input: 1 + random.below(500) };
  const client = await RawClient.open(gateway.url).catch(() => null);
  if (client === null) return;
  const body = {
    model: 'test-model',
    messages: [{ role: 'user', content: 'x'.repeat(random.below(400)) }],
    stream: plan.kind.startsWith('stream'),
    user: writePlan(plan),
    ...(random.below(2) === 0 ? {} : { max_tokens: 10 + random.below(100) }),
  };
  client.write(requestOn({ path: '/v1/chat/completions', body }, holder.key));
  if (plan.kind.endsWith('left')) await seenEnough(client).catch(() => null);
  else await client.answer(20_000).catch(() => null);
  client.close();
}

/** Three tokens, or a refusal, or the end. */
async function seenEnough(client: RawClient): Promise<void> {
  const head = await client.see('\r\n\r\n', 20_000);
  if (head.startsWith('HTTP/1.1 200')) await Promise.race([client.see('t2 ', 20_000), client.closed]);
}

const ACTS: ((gateway: SpawnedGateway) => Promise<unknown>)[] = [
  async (gateway) => {
    const holder = random.pick(holders);
    if (!holder.revoked) await gateway.admin.must('POST', `/keys/${holder.id}/revoke`, {});
    holder.revoked = true;
    await newHolder(gateway);
  },
  async (gateway) => {
    const { id, revoked } = random.pick(holders);
    if (!revoked)
      await gateway.admin.must('PATCH', `/keys/${id}`, { limits: { concurrent_requests: 1 + random.below(9) } });
  },
  (gateway) =>
    gateway.admin.must('PATCH', '/owners/ann', { limits: { tokens_per_day: 1_000_000 + random.below(1000) } }),
  async (gateway) => {
    await home.configure(configuration(512 + random.below(4096)));
    await gateway.admin.must('POST', '/config/reload', {});
  },
];

async function batch(gateway: SpawnedGateway, isKilled: boolean): Promise<SpawnedGateway> {
  const requests = Array.from({ length: BATCH }, () => request(gateway));
  const act = random
    .pick(ACTS)(gateway)
    .catch((error: unknown) => {
      if (!isKilled) throw error;
    });
  if (!isKilled) {
    await within(60_000, `all requests of a batch end (seed ${seed})`, Promise.all([...requests, act]));
    await until(10_000, `nothing runs (seed ${seed})`, async () => (await gateway.admin.streams()).length === 0);
    return gateway;
  }
  await Promise.race(requests);
  kills.push(performance.now());
  await gateway.end('SIGKILL');
  await within(60_000, 'all callers see the end', Promise.all([...requests, act]));
  return home.start();
}

function ledgerRows(): SqlRow[] {
  const database = openSqlite(join(home.dataDir, 'usage.db'), { file: 'existing', readOnly: true });
  try {
    return database
      .prepare('SELECT ledger.*, caller_id FROM ledger JOIN ledger_subjects AS subject ON subject.id = ledger.subject')
      .all();
  } finally {
    database.close();
  }
}

interface Standing {
  limit: string;
  account: string;
  remaining: number;
}

/** What every key has left of its days and months. */
async function standings(gateway: SpawnedGateway): Promise<Record<string, Standing[]>> {
  const found: Record<string, Standing[]> = {};
  for (const { id, revoked } of holders) {
    if (revoked) continue;
    const asked = { key_id: id, method: 'POST', path: '/v1/chat/completions', model: 'test-model' };
    const { limits } = await gateway.admin.must('POST', '/explain', asked);
    found[id] = (limits as Standing[])
      .filter(({ limit }) => /_per_(day|month)$/.test(limit))
      .map(({ limit, account, remaining }) => ({ limit, account, remaining }));
  }
  return found;
}

test(`after ${BATCHES * BATCH} requests with random faults the books balance and every counter is back`, async () => {
  let gateway = await home.start();
  for (let count = 0; count < 6; count++) await newHolder(gateway);
  for (let round = 0; round < BATCHES; round++) gateway = await batch(gateway, round % 4 === 2);

  await within(10_000, 'nothing runs at the model server', upstream.idle());
  expect(await gateway.admin.streams()).toEqual([]);
  const before = await standings(gateway);
  const usage = (await gateway.admin.must('GET', '/usage?by=key&since=0'))['data'] as Record<string, number>[];
  expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0 });

  const rows = ledgerRows();
  const ids = rows.map((row) => String(row['request_id']));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan((BATCHES * BATCH) / 4);
  const byId = new Map(rows.map((row) => [String(row['request_id']), row]));
  const lost = [...truths].filter(([id]) => !byId.has(id));
  for (const [id, { arrivedAt }] of lost)
    expect(
      kills.some((at) => arrivedAt <= at + LATE_MS && arrivedAt > at - LATE_MS),
      `a row is missing without a crash: ${id}, seed ${seed}`,
    ).toBe(true);
  for (const [id, row] of byId)
    expect(verdict(row, truths.get(id)), `${JSON.stringify(row)} seed ${seed}`).toBe('fits');

  const total = (name: string): number => rows.reduce((sum, row) => sum + Number(row[name]), 0);
  const told = (name: string): number => usage.reduce((sum, row) => sum + (row[name] ?? 0), 0);
  expect([told('requests'), told('input_tokens'), told('output_tokens')]).toEqual([
    rows.length,
    total('input_tokens'),
    total('output_tokens'),
  ]);

  const again = await home.start();
  expect(await standings(again), `counters after a start, seed ${seed}`).toEqual(before);
}, 600_000);

/** Whether a row of the ledger says what the model server did. */
function verdict(row: SqlRow, truth: Truth | undefined): string {
  const [input, output] = [Number(row['input_tokens']), Number(row['output_tokens'])];
  if (row['code'] === 'orphaned')
    return input === row['reserved_input'] && output === row['reserved_output']
      ? 'fits'
      : 'an orphan is charged otherwise';
  if (truth === undefined) {
    // One that was ended on its way may have arrived, as far as the gateway knows: its prompt counts, and no answer.
    const mayHaveArrived = row['code'] !== null && input === row['reserved_input'];
    return output === 0 && (input === 0 || mayHaveArrived) ? 'fits' : 'charged for what never arrived';
  }
  const { plan, sent } = truth;
  if (output > sent) return `more output than the ${sent} that were sent`;
  const isWhole = row['code'] === null && Number(row['status']) === 200;
  // One that was ended before it heard of the failure has read its prompt, as far as anybody knows.
  if (plan.kind === 'fails' && Number(row['status']) === 500)
    return input === 0 && output === 0 ? 'fits' : 'charged for a failure of the server';
  if (!isWhole) return 'fits';
  if (output !== sent) return `${output} tokens in place of ${sent}`;
  const isTold = plan.kind === 'plain' || plan.kind === 'stream told';
  return !isTold || input === plan.input ? 'fits' : `${input} input tokens in place of ${plan.input}`;
}
