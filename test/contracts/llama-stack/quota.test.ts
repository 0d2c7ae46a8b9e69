import { afterAll, describe, expect, test } from 'vitest';
import { reply, startLittleServer } from './little-server.js';
import { CHAT, answered, startStackWorld } from './stack-world.js';

const endpoint = await startLittleServer((asked, response) =>
  reply(response, 200, { principal: String(asked.json()['api_key']), attributes: {} }),
);
const world = await startStackWorld(
  [{ type: 'delegated', endpoint: endpoint.url, contract: 'ogx', timeout_ms: 2000, cache_seconds: 30 }],
  { auth: { local_networks: ['127.0.0.0/8'] }, limits: { requests_per_day: 2 } },
);
afterAll(async () => {
  await world.close();
  await endpoint.close();
});

const QUOTA = { error: { message: 'Quota exceeded' } };

function anonymous(): Promise<{ status: number; text: string }> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: CHAT };
  return answered(fetch(`${world.url}/v1/chat/completions`, init));
}

describe('a quota of requests a day', () => {
  test('B-32 the third call of a caller over a quota of two is 429 Quota exceeded, whoever else calls', async () => {
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await world.chat('zoe')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await world.chat('zoe');
    expect(JSON.parse(refused.text)).toEqual(QUOTA);
    expect((await world.chat('yann')).status).toBe(200);
  });

  test('B-33 callers without a credential have the quota of their address', async () => {
    expect([(await anonymous()).status, (await anonymous()).status]).toEqual([200, 200]);
    const refused = await anonymous();
    expect([refused.status, JSON.parse(refused.text)]).toEqual([429, QUOTA]);
  });

  test('a key of ours is told the same on a llama-stack listener, and which limit it was on an openai listener', async () => {
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'], limits: { requests_per_day: 1 } });
    expect((await world.chat(key)).status).toBe(200);
    expect((await world.chat(key)).message).toBe('Quota exceeded');
    const elsewhere = await answered(
      fetch(`${world.openaiUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: CHAT,
      }),
    );
    expect([elsewhere.status, elsewhere.message]).toEqual([429, expect.stringContaining('requests_per_day')]);
  });
});
