import { expect, test } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { answerAsModel, chatChunk } from '../support/model-answers.js';
import { until } from '../support/patience.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { valueOf } from './prometheus-text.js';
import { chat, scraper } from './scrape.js';

const ROUNDS = 12;

/** What the model server does is what the user of the request says. */
function play(exchange: Exchange): void {
  const { user } = exchange.json();
  if (user === 'fails') return exchange.answer(500, { error: { message: 'out of memory' } });
  if (user === 'drops') return exchange.reset();
  if (user !== 'cut' && user !== 'left') return answerAsModel(exchange);
  exchange.startStream();
  exchange.event(chatChunk('Hello'));
  if (user === 'cut') exchange.hangUp();
}

/** Reads the first byte of a stream and goes away. */
async function leave({ gateway, key }: World): Promise<void> {
  const away = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', stream: true, user: 'left', messages: [] }),
    signal: away.signal,
  });
  await answer.body?.getReader().read();
  away.abort();
}

interface Sums {
  requests: number;
  input_tokens: number;
  output_tokens: number;
  estimated_requests: number;
  gpu_seconds: number;
}

const zero = (): Sums => ({ requests: 0, input_tokens: 0, output_tokens: 0, estimated_requests: 0, gpu_seconds: 0 });

test('the numbers of a load run with every kind of fault are those of the ledger and of the request log', async () => {
  const world = await startWorld();
  try {
    world.upstream.onRequest = play;
    const scrape = await scraper(world);
    const bounded = await world.admin.createKey({ scopes: ['infer'], limits: { requests_per_day: 2 } });
    const narrow = await world.admin.createKey({ scopes: ['infer:embeddings'] });
    const kinds: (() => Promise<unknown>)[] = [
      () => chat(world, { model: 'test-model' }),
      () => chat(world, { model: 'test-alias', stream: true }),
      () => chat(world, { model: 'org/model-b', stream: true, stream_options: { include_usage: true } }),
      () => chat(world, { model: 'test-model', user: 'fails' }),
      () => chat(world, { model: 'test-model', user: 'drops' }),
      () => chat(world, { model: 'test-model', stream: true, user: 'cut' }),
      () => leave(world),
      () => chat(world, { model: 'nobody-has-this' }),
      () => chat({ ...world, key: bounded.key }, { model: 'test-model' }),
      () => chat({ ...world, key: narrow.key }, { model: 'test-model' }),
      () => chat({ ...world, key: 'kp_nobody' }, { model: 'test-model' }),
      () => fetch(`${world.gateway.url}/v1/nowhere`).then((answer) => answer.text()),
    ];
    for (let round = 0; round < ROUNDS; round += 1) await Promise.all(kinds.map((one) => one()));
    await until(20_000, 'nothing runs any more', async () => (await world.admin.streams()).length === 0);
    const page = await scrape();
    const ledger = new Map<string, Sums>();
    const { data } = (await world.admin.must('GET', '/usage?by=model')) as { data: (Sums & { model: string })[] };
    for (const row of data) ledger.set(row.model, { ...zero(), ...row });
    expect([...ledger.keys()].sort()).toEqual(['org/model-b', 'test-model']);
    for (const [model, sums] of ledger) {
      const told = (name: string, labels = {}): number => valueOf(page, name, { model, ...labels });
      expect(told('keyporter_settled_requests_total')).toBe(sums.requests);
      expect(told('keyporter_settled_requests_total', { certainty: 'estimated' })).toBe(sums.estimated_requests);
      expect(told('keyporter_tokens_total', { type: 'input' })).toBe(sums.input_tokens);
      expect(told('keyporter_tokens_total', { type: 'output' })).toBe(sums.output_tokens);
      expect(told('keyporter_gpu_seconds_total')).toBeCloseTo(sums.gpu_seconds, 1);
      const operation = (name: string, labels = {}): number =>
        valueOf(page, name, { gen_ai_request_model: model, ...labels });
      expect(operation('gen_ai_server_request_duration_seconds_count')).toBe(sums.requests);
      for (const type of ['input', 'output'] as const)
        expect(operation('gen_ai_client_token_usage_sum', { gen_ai_token_type: type })).toBe(sums[`${type}_tokens`]);
    }
    const logged = await everyRequest(world);
    const statuses = (first: string): number => logged.filter(({ status }) => String(status).startsWith(first)).length;
    for (const first of ['2', '4', '5'])
      expect([first, valueOf(page, 'keyporter_requests_total', { family: 'chat', status: `${first}xx` })]).toEqual([
        first,
        statuses(first),
      ]);
    expect(valueOf(page, 'keyporter_aborts_total', { phase: 'streaming', code: 'client_gone' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_aborts_total', { phase: 'streaming', code: 'upstream_interrupted' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_denials_total', { rule: 'limit', name: 'requests_per_day' })).toBe(ROUNDS - 2);
    expect(valueOf(page, 'keyporter_denials_total', { rule: 'scope', name: 'infer:chat' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_denials_total', { rule: 'model' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_auth_results_total', { result: 'refused' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_door_refusals_total', { code: 'unknown_url' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_errors_total', { code: 'upstream_error' })).toBe(ROUNDS);
    expect(valueOf(page, 'keyporter_requests_in_flight')).toBe(0);
    // Four kinds of requests stream, and each of them began.
    expect(valueOf(page, 'gen_ai_server_time_to_first_token_seconds_count')).toBe(4 * ROUNDS);
    expect(valueOf(page, 'keyporter_overhead_seconds_count')).toBe(7 * ROUNDS + 2);
    expect(valueOf(page, 'keyporter_upstream_attempts_total')).toBe(7 * ROUNDS + 2);
  } finally {
    await world.close();
  }
});

async function everyRequest({ admin }: World): Promise<{ status: number }[]> {
  const rows: { status: number }[] = [];
  for (let after: string | null = ''; after !== null;) {
    const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const page = (await admin.must('GET', `/requests?limit=100${query}`)) as {
      data: { status: number; path: string }[];
      next: string | null;
    };
    rows.push(...page.data.filter(({ path }) => path === '/v1/chat/completions'));
    after = page.next;
  }
  return rows;
}
