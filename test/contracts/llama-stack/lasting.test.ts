import { afterAll, beforeAll, expect, test } from 'vitest';
import { wellFormed } from '../../support/hostile-row.js';
import { chatChunk } from '../../support/model-answers.js';
import { within } from '../../support/patience.js';
import { RawClient } from '../../support/raw-client.js';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { GatewayHome, type SpawnedGateway } from '../../support/spawn-gateway.js';
import { reply, startLittleServer, type LittleServer } from './little-server.js';
import { answered, CHAT, chatWith } from './stack-world.js';

let endpoint: LittleServer;
let upstream: RecordingUpstream;
let home: GatewayHome;
let gateway: SpawnedGateway;

const configuration = (providers: readonly object[]): Record<string, unknown> => ({
  logging: { level: 'error' },
  auth: { providers },
  models: { 'test-model': { replicas: [{ url: upstream.url }] } },
});

beforeAll(async () => {
  endpoint = await startLittleServer((asked, response) => reply(response, 200, { principal: asked.json()['api_key'] }));
  upstream = await RecordingUpstream.start();
  home = await GatewayHome.make(configuration([{ type: 'delegated', endpoint: endpoint.url, contract: 'ogx' }]));
  gateway = await home.start();
});
afterAll(async () => {
  await home.remove();
  await upstream.close();
  await endpoint.close();
});

const chat = async (token: string): Promise<number> =>
  (await answered(fetch(`${gateway.url}/v1/chat/completions`, chatWith(token)))).status;

test('a block outlives the process, and the command line sets and lifts it with and without a gateway', async () => {
  expect(await chat('alice')).toBe(200);
  const blocked = await home.run(['callers', 'block', 'delegated:alice']);
  expect([blocked.code, blocked.output]).toEqual([0, 'delegated:alice is blocked; running requests ended: 0.\n']);
  expect((await home.run(['callers', 'block', 'delegated:alcie'])).output).toContain('Nobody of that name has come in');
  expect(await chat('alice')).toBe(401);
  await gateway.end('SIGTERM');
  expect((await home.run(['callers', 'list'])).output).toMatch(/delegated:alice\s.*blocked/);
  gateway = await home.start();
  expect(await chat('alice')).toBe(401);
  expect(await chat('bob')).toBe(200);
  await gateway.end('SIGTERM');
  expect((await home.run(['callers', 'unblock', 'delegated:alice'])).code).toBe(0);
  gateway = await home.start();
  expect(await chat('alice')).toBe(200);
});

test('a provider that a reload takes away lets nobody in, and what runs under it ends', async () => {
  upstream.onRequest = (exchange) => {
    exchange.startStream();
    exchange.event(chatChunk('Hello'));
  };
  const client = await RawClient.open(gateway.url);
  client.write(wellFormed('carol', { body: JSON.stringify({ ...(JSON.parse(CHAT) as object), stream: true }) }));
  await client.see('Hello');
  await home.configure(configuration([]));
  await gateway.admin.must('POST', '/config/reload');
  await within(5000, 'the stream ends', client.closed);
  expect(client.unread).toContain('key_revoked');
  expect(await chat('carol')).toBe(401);
});
