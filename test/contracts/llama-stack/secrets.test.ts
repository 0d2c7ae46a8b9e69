import { expect, test } from 'vitest';
import type { Log } from '../../../src/core/log.js';
import { CanarySweep } from '../../support/canary.js';
import { always, startLittleServer } from './little-server.js';
import { answered, chatWith, startStackWorld } from './stack-world.js';

const CLIENT_SECRET = 'canary-client-secret-7d2f';
const KEYS_TOKEN = 'canary-keys-token-91ac';
const TOKEN = 'canary-credential-of-somebody-else-5e0b';

test('credentials of others and our own secrets for providers are in no file, log line, answer or question to a model server', async () => {
  const server = await startLittleServer(always(200, 'garbage'));
  const lines: string[] = [];
  const say = (data: object, sentence: string): void => void lines.push(`${sentence} ${JSON.stringify(data)}`);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const world = await startStackWorld(
    [
      { type: 'jwt', issuer: 'https://x.example.com', audience: 'y', jwks_uri: server.url, jwks_token: KEYS_TOKEN },
      { type: 'introspection', url: server.url, client_id: 'keyporter', client_secret: CLIENT_SECRET },
      { type: 'delegated', endpoint: server.url, contract: 'ogx' },
      { type: 'delegated', name: 'first', endpoint: server.url, contract: 'llama-stack-1626' },
    ],
    {},
    log,
  );
  const sweep = new CanarySweep();
  try {
    const said = [await world.chat(TOKEN)];
    expect(said[0]?.status).toBe(200);
    server.answer = (_, response) => void response.destroy();
    said.push(
      await world.chat(`${TOKEN}2`),
      await answered(fetch(`${world.openaiUrl}/v1/models`, chatWith(`${TOKEN}3`))),
    );
    for (const path of ['/config', '/requests', '/audit', '/callers', '/streams', '/status'])
      sweep.add(path, (await world.gateway.admin.call('GET', path)).text);
    sweep.add('answers', said.map(({ text }) => text).join('\n'));
    sweep.add('upstream', world.upstream.everything());
    sweep.add('log', lines.join('\n'));
    await world.gateway.running.close();
    await sweep.addDirectory(world.gateway.dataDir);
    expect(sweep.leaks({ CLIENT_SECRET, KEYS_TOKEN, TOKEN })).toEqual([]);
  } finally {
    await world.close();
    await server.close();
  }
});
