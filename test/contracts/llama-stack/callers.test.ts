import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, startStackWorld, type StackWorld } from './stack-world.js';
import { always, reply, startLittleServer, type Answering } from './little-server.js';
import { within } from '../../support/patience.js';
import { chatChunk } from '../../support/model-answers.js';
import { wellFormed } from '../../support/hostile-row.js';

const yes: Answering = (asked, response) =>
  reply(response, 200, { principal: String(asked.json()['api_key']), attributes: { roles: ['r'], mail: ['team-a'] } });
const endpoint = await startLittleServer(yes);
const provider = {
  type: 'delegated',
  endpoint: endpoint.url,
  contract: 'ogx',
  timeout_ms: 5000,
  cache_seconds: 1,
  owner_from: 'mail',
};
const world = await startStackWorld([provider], { identity_headers: true });
afterAll(async () => {
  await world.close();
  await endpoint.close();
});
beforeEach(() => {
  endpoint.answer = yes;
});

const STREAM = JSON.stringify({ ...(JSON.parse(CHAT) as object), stream: true });

/** A stream that has begun: what it sends last, when it ends. */
async function streaming(token: string, at: StackWorld = world) {
  at.upstream.forget();
  at.upstream.onRequest = (exchange) => {
    exchange.startStream();
    exchange.event(chatChunk('Hello'));
  };
  const client = await at.gateway.connect();
  client.write(wellFormed(token, { body: STREAM }));
  await client.see('Hello');
  return { client, ended: (limitMs: number) => within(limitMs, 'the stream ends', client.closed) };
}

async function callers(): Promise<Record<string, unknown>[]> {
  return (await world.gateway.admin.must('GET', '/callers'))['data'] as Record<string, unknown>[];
}

describe('callers without a key of ours', () => {
  test('they have an id and an owner, and the model server is told who they are', async () => {
    expect((await world.chat('alice', { 'x-keyporter-principal': 'admin' })).status).toBe(200);
    expect((await callers()).find(({ id }) => id === 'delegated:alice')).toMatchObject({
      owner: 'team-a',
      blocked: false,
      last_seen_at: expect.any(Number),
    });
    const exchange = await world.upstream.next();
    expect(exchange.header('x-keyporter-key-id')).toBe('delegated:alice');
    expect(exchange.header('x-keyporter-principal')).toBe('alice');
    expect(exchange.header('x-keyporter-owner')).toBe('team-a');
    expect(JSON.parse(exchange.header('x-keyporter-attributes') ?? '')).toEqual({ roles: ['r'], mail: ['team-a'] });
    expect(exchange.header('authorization')).not.toContain('alice');
  });

  test('a caller without the attribute that names its owner stays out', async () => {
    endpoint.answer = always(200, { principal: 'nobody', attributes: {} });
    expect((await world.chat('ownerless')).status).toBe(401);
  });

  test('a blocked caller stays out, its stream ends at once, and unblocking lets it in again', async () => {
    const { client, ended } = await streaming('bob');
    const blocked = await world.gateway.admin.must('PATCH', '/callers', { id: 'delegated:bob', blocked: true });
    expect(blocked).toMatchObject({ id: 'delegated:bob', blocked: true, streams_ended: 1 });
    await ended(1000);
    expect(client.unread).toContain('key_disabled');
    world.upstream.forget();
    const refused = await world.chat('bob');
    expect([refused.status, refused.message]).toEqual([401, 'Authentication failed: 401']);
    expect((await world.chat('alice')).status).toBe(200);
    await world.gateway.admin.must('PATCH', '/callers', { id: 'delegated:bob', blocked: false });
    expect((await world.chat('bob')).status).toBe(200);
    const trail = (await world.gateway.admin.must('GET', '/audit?limit=50'))['data'] as {
      action: string;
      target: string;
    }[];
    expect(
      trail
        .filter(({ target }) => target === 'caller:delegated:bob')
        .map(({ action }) => action)
        .sort(),
    ).toEqual(['caller.block', 'caller.unblock']);
  });

  test('a stream ends when the provider says no at a recheck, and lives through an outage', async () => {
    const { client, ended } = await streaming('carol');
    endpoint.answer = (_, response) => void response.destroy();
    await endpoint.whenAsked(endpoint.asked.length + 2);
    expect(client.socket.destroyed).toBe(false);
    endpoint.answer = always(401, {});
    await ended(4000);
    expect(client.unread).toContain('key_revoked');
  });

  test('a disabled owner takes its callers along, with what they run', async () => {
    await world.gateway.admin.createKey({ owner: 'team-a', scopes: ['infer'] });
    const { client, ended } = await streaming('dave');
    await world.gateway.admin.must('PATCH', '/owners', { name: 'team-a', disabled: true });
    await ended(1000);
    expect(client.unread).toContain('key_disabled');
    expect((await world.chat('dave')).status).toBe(401);
    await world.gateway.admin.must('PATCH', '/owners', { name: 'team-a', disabled: false });
    world.upstream.forget();
    expect((await world.chat('dave')).status).toBe(200);
  });

  test('an owner who has callers and no key can be switched off too', async () => {
    endpoint.answer = always(200, { principal: 'erin', attributes: { mail: ['team-without-keys'] } });
    const { client, ended } = await streaming('erin');
    const body = { name: 'team-without-keys', disabled: true };
    expect(await world.gateway.admin.must('PATCH', '/owners', body)).toMatchObject({
      disabled: true,
      keys: 0,
      streams_ended: 1,
    });
    await ended(1000);
    expect(client.unread).toContain('key_disabled');
    expect((await world.chat('erin')).status).toBe(401);
  });

  test('something that is no caller cannot be blocked', async () => {
    for (const id of ['alice', ':x', 'UPPER:x', 'jwt:'])
      expect((await world.gateway.admin.call('PATCH', '/callers', { id, blocked: true })).status).toBe(400);
  });
});

describe('several providers', () => {
  test('the first yes wins, a no asks the next, an outage is 503 unless a later one says yes', async () => {
    const first = await startLittleServer(always(401, {}));
    const second = await startLittleServer(yes);
    const of = (name: string, url: string): Record<string, unknown> => ({
      ...provider,
      owner_from: undefined,
      cache_seconds: 0,
      name,
      endpoint: url,
    });
    const both = await startStackWorld([of('one', first.url), of('two', second.url)]);
    try {
      expect((await both.chat('dora')).status).toBe(200);
      first.answer = yes;
      expect((await both.chat('dora')).status).toBe(200);
      expect(second.asked).toHaveLength(1);
      first.answer = (_, response) => void response.destroy();
      expect((await both.chat('dora')).status).toBe(200);
      second.answer = always(401, {});
      expect((await both.chat('dora')).status).toBe(503);
      first.answer = always(401, {});
      expect((await both.chat('dora')).status).toBe(401);
      const seen = (await both.gateway.admin.must('GET', '/callers'))['data'] as { id: string }[];
      expect(seen.map(({ id }) => id).sort()).toEqual(['one:dora', 'two:dora']);
    } finally {
      await both.close();
      await Promise.all([first.close(), second.close()]);
    }
  });
});

describe('a proxy that names the caller', () => {
  const header = {
    type: 'upstream_header',
    principal_header: 'X-Remote-User',
    attributes_header: 'X-Remote-Attributes',
  };

  test('counts when it is trusted, also beside a bearer of its own, and its headers go no further', async () => {
    const trusting = await startStackWorld([header], {
      trusted_proxies: ['127.0.0.1/32'],
      auth: { route_policy: [{ permit: { paths: '*' }, when: 'user with red in teams' }] },
    });
    try {
      const named = { 'x-remote-user': 'eve', 'x-remote-attributes': '{"teams":"red"}' };
      expect((await trusting.get('/v1/models', named)).status).toBe(200);
      expect((await trusting.chat('its-own-token', named)).status).toBe(200);
      const exchange = await trusting.upstream.next();
      expect([exchange.header('x-remote-user'), exchange.header('x-remote-attributes')]).toEqual([
        undefined,
        undefined,
      ]);
      const rows: [Record<string, string>, string][] = [
        [{}, 'Missing required authentication header: X-Remote-User'],
        [{ ...named, 'x-remote-attributes': 'red' }, 'Failed to parse authentication attributes header: invalid JSON'],
        [
          { ...named, 'x-remote-attributes': '["red"]' },
          'Failed to parse authentication attributes header: expected JSON object',
        ],
      ];
      for (const [headers, message] of rows) {
        for (const refused of [await trusting.chat('x', headers), await trusting.get('/v1/models', headers)])
          expect([refused.status, refused.message]).toEqual([401, message]);
      }
    } finally {
      await trusting.close();
    }
  });

  test('is read as UTF-8, and an empty header with attributes is none', async () => {
    const trusting = await startStackWorld([header], {
      trusted_proxies: ['127.0.0.1/32'],
      auth: {
        route_policy: [
          { permit: { paths: '/v1/models' } },
          { permit: { paths: '*' }, when: 'user with Élan in teams' },
        ],
      },
    });
    const bytes = (text: string): string => Buffer.from(text).toString('latin1');
    try {
      const named = { 'x-remote-user': bytes('Éva') };
      expect((await trusting.get('/v1/models', { ...named, 'x-remote-attributes': '' })).status).toBe(200);
      expect((await trusting.chat('x', { ...named, 'x-remote-attributes': bytes('{"teams":["Élan"]}') })).status).toBe(
        200,
      );
      const seen = (await trusting.gateway.admin.must('GET', '/callers'))['data'] as { id: string }[];
      expect(seen.map(({ id }) => id)).toEqual(['upstream_header:Éva']);
    } finally {
      await trusting.close();
    }
  });

  test('counts for nothing from anybody else', async () => {
    const distrusting = await startStackWorld([header], { trusted_proxies: ['10.9.8.7'] });
    try {
      expect((await distrusting.get('/v1/models', { 'x-remote-user': 'eve' })).status).toBe(401);
      expect((await distrusting.chat('x', { 'x-remote-user': 'eve' })).status).toBe(401);
    } finally {
      await distrusting.close();
    }
  });
});
