import { afterAll, beforeAll, expect, test } from 'vitest';
import { METRICS } from '../../src/usage/metric-table.js';
import { answerAsModel } from '../support/model-answers.js';
import { startTestGateway, startWorld, type World } from '../support/start-gateway.js';
import { readMetrics, seriesIn, valueOf } from './prometheus-text.js';
import { chat, scraper, type Scrape } from './scrape.js';

/** With everything that has to be escaped in a label. */
const ODD = 'a "quoted" \\ model/ü';

let world: World;
let scrape: Scrape;

beforeAll(async () => {
  world = await startWorld();
  scrape = await scraper(world);
});
afterAll(() => world.close());

test('the page holds every family that is declared, and no other, in the strict form of Prometheus', async () => {
  await chat(world, { model: 'test-model', stream: true });
  const page = await scrape();
  expect([...page.keys()]).toEqual(METRICS.map(({ name }) => name));
  for (const { name, type } of METRICS) expect([name, page.get(name)?.type]).toEqual([name, type]);
  expect(valueOf(page, 'gen_ai_server_time_to_first_token_seconds_count')).toBe(1);
});

test('a million names of models, paths and agents would add no series: ten of each add none', async () => {
  const send = async (path: string, model: string): Promise<void> => {
    const answer = await fetch(`${world.gateway.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.key}`,
        'content-type': 'application/json',
        'user-agent': `agent/${encodeURIComponent(model)}`,
        'x-request-id': `req-${encodeURIComponent(model)}`,
      },
      body: JSON.stringify({ model, messages: [] }),
    });
    await answer.text();
  };
  const bomb = async (from: number): Promise<void> => {
    for (let at = from; at < from + 10; at += 1) {
      await send('/v1/chat/completions', `bomb-${at}"\n\\`);
      await send(`/v1/bomb-${at}`, 'test-model');
      await send(`/engines/bomb-${at}/props`, 'test-model');
      await send(`/v1/responses/resp_${at}`, 'test-model');
      await fetch(`${world.gateway.url}/v1/models/bomb-${at}`, { headers: { 'x-api-key': `kp_bomb${at}` } });
    }
  };
  await bomb(0);
  const before = await scrape();
  await bomb(10);
  const after = await scrape();
  expect(seriesIn(after)).toBe(seriesIn(before));
  expect(JSON.stringify([...after.values()])).not.toContain('bomb');
  expect(valueOf(after, 'keyporter_requests_total', { model: 'other' })).toBeGreaterThanOrEqual(20);
});

test('names that a "*" model passes on share one label, and one of the configuration is read back as it is', async () => {
  const { upstream } = world;
  const replicas = [{ url: upstream.url }];
  const gateway = await startTestGateway({ models: { [ODD]: { replicas }, '*': { replicas } } });
  try {
    upstream.onRequest = answerAsModel;
    const { key } = await gateway.admin.createKey({ scopes: ['infer'] });
    const { key: reader } = await gateway.admin.createKey({ scopes: ['metrics:read'] });
    for (let at = 0; at < 5; at += 1) expect(await chat({ gateway, key }, { model: `passed-${at}` })).toBe(200);
    const read = async (): Promise<ReturnType<typeof readMetrics>> => {
      const answer = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${reader}` } });
      return readMetrics(await answer.text());
    };
    const page = await read();
    expect(valueOf(page, 'keyporter_settled_requests_total', { model: 'other' })).toBe(5);
    expect(JSON.stringify([...page.values()])).not.toContain('passed-');
    expect(await chat({ gateway, key }, { model: ODD })).toBe(200);
    expect(valueOf(await read(), 'keyporter_settled_requests_total', { model: ODD })).toBe(1);
  } finally {
    await gateway.close();
  }
});

test('the page tells nothing of keys, owners, prompts or addresses unless the key label is on', async () => {
  const secrets = [world.key, world.keyId, 'hello there'];
  const answers = JSON.stringify([...(await scrape()).values()]);
  for (const secret of secrets) expect(answers).not.toContain(secret);
});

test('with the key label each key has its own numbers, by id, and callers without a key share one', async () => {
  const labelled = await startWorld({
    metrics: { key_label: true },
    auth: { local_networks: ['127.0.0.0/8'] },
  });
  try {
    const read = await scraper(labelled);
    await chat(labelled, { model: 'test-model' });
    await fetch(`${labelled.gateway.url}/v1/models`).then((answer) => answer.text());
    const page = await read();
    expect(valueOf(page, 'keyporter_key_requests_total', { key_id: labelled.keyId })).toBe(1);
    expect(valueOf(page, 'keyporter_key_tokens_total', { key_id: labelled.keyId, type: 'output' })).toBe(2);
    expect(valueOf(page, 'keyporter_key_requests_total', { key_id: 'other' })).toBe(1);
    expect(JSON.stringify([...page.values()])).not.toContain(labelled.key);
  } finally {
    await labelled.close();
  }
});
