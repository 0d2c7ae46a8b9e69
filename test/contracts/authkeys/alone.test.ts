import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

const PROFILES = ['openai', 'orchestra', 'llama-stack'];
const PATHS = [
  ['POST', '/v1/chat/completions'],
  ['POST', '/infer'],
  ['GET', '/v1/models'],
  ['POST', '/create_token'],
  ['GET', '/list_tokens'],
] as const;

let world: AuthkeysWorld;

beforeAll(async () => {
  const others = PROFILES.map((profile) => ({ listen: '127.0.0.1:0', profile }));
  const listeners = [...others, { listen: '127.0.0.1:0', profile: 'authkeys' }];
  world = await startAuthkeysWorld({ bootstrap_root_when_empty: true }, { listeners, orchestra: { keys_file: null } });
});

afterAll(() => world.close());

describe('with every profile on, each on a listener of its own', () => {
  it.each(PROFILES)('a token in the body opens nothing on the listener of %s', async (profile) => {
    const url = world.gateway.running.listeners.find((one) => one.profile === profile)?.url ?? '';
    for (const token of [world.root, 'root']) {
      for (const [method, path] of PATHS) {
        const { status } = await send(`${url}${path}`, method, {
          body: { token, model: 'm', messages: [], prompt: 'x' },
        });
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      }
    }
    expect(world.upstream.exchanges).toEqual([]);
  });

  it('the same token opens the listener it is for', async () => {
    expect((await world.as(world.root, 'POST', '/v1/chat/completions', { model: 'm' })).status).toBe(200);
  });
});
