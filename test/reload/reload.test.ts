import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wellFormed } from '../support/hostile-row.js';
import { until } from '../support/patience.js';
import { RawClient, type RawAnswer } from '../support/raw-client.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';

let upstream: RecordingUpstream;
let home: GatewayHome;
let gateway: SpawnedGateway;
let key: string;

const serving = (...names: string[]) => ({
  logging: { level: 'error' },
  models: Object.fromEntries(names.map((name) => [name, { replicas: [{ url: upstream.url }] }])),
});

beforeAll(async () => {
  upstream = await RecordingUpstream.start({ models: [] });
  home = await GatewayHome.make(serving('one'));
  gateway = await home.start();
  key = (await gateway.admin.createKey({ scopes: ['infer'] })).key;
});
afterAll(async () => {
  await home.remove();
  await upstream.close();
});

async function ask(model: string): Promise<RawAnswer> {
  const client = await RawClient.open(gateway.url);
  client.write(wellFormed(key, { body: JSON.stringify({ model, messages: [] }) }));
  const answer = await client.answer();
  client.close();
  return answer;
}

const lastReload = async () =>
  (await gateway.admin.must('GET', '/status'))['last_reload'] as { at: number; ok: boolean; faults: string[] } | null;

test('SIGHUP puts a good configuration to work, and says so in the audit trail', async () => {
  expect((await ask('two')).status).toBe(404);
  await home.configure(serving('one', 'two'));
  gateway.child.kill('SIGHUP');
  await until(10_000, 'the new model is served', async () => (await ask('two')).status === 200);
  const trail = (await gateway.admin.must('GET', '/audit?limit=5'))['data'] as { action: string; result: string }[];
  expect(trail.some(({ action, result }) => action === 'config.reload' && result === 'done')).toBe(true);
});

test('a changed file is put to work without a signal', async () => {
  await home.configure(serving('one', 'two', 'three'));
  await until(15_000, 'the new model is served', async () => (await ask('three')).status === 200);
});

test('a bad file leaves the running configuration as it is, and its faults are told with their lines', async () => {
  const before = await lastReload();
  await writeFile(
    home.configFile,
    'listen: 127.0.0.1:0\nmodels:\n  one: { replicas: [{ url: ftp://x }] }\nlitsen: 1\n',
  );
  gateway.child.kill('SIGHUP');
  await until(10_000, 'the faults are known', async () => {
    const now = await lastReload();
    return now !== null && !now.ok && now.at >= (before?.at ?? 0);
  });
  expect((await lastReload())?.faults.join('\n')).toMatch(/:3:.*\n?[^]*:4:[^]*listen/);
  for (const model of ['one', 'two', 'three']) expect((await ask(model)).status).toBe(200);
});

test('a stream goes on over a reload that takes its model away, and the next request is refused', async () => {
  await home.configure(serving('one', 'two'));
  gateway.child.kill('SIGHUP');
  await until(10_000, 'the model is gone', async () => (await ask('three')).status === 404);
  upstream.forget();
  upstream.onRequest = (exchange) => exchange.startStream();
  const client = await RawClient.open(gateway.url);
  client.write(wellFormed(key, { body: '{"model":"two","stream":true,"messages":[]}' }));
  const exchange = await upstream.next();
  await home.configure(serving('one'));
  gateway.child.kill('SIGHUP');
  upstream.onRequest = (other) => other.answer(200, {});
  await until(10_000, 'the model is gone', async () => (await ask('two')).status === 404);
  exchange.event({ choices: [{ delta: { content: 'still here' } }] });
  exchange.event('[DONE]');
  exchange.finish();
  const answer = await client.answer();
  expect(answer.text()).toContain('still here');
  expect(answer.complete).toBe(true);
  client.close();
});
