import { afterAll, describe, expect, test } from 'vitest';
import { judge, send, wellFormed } from '../support/hostile-row.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld();
afterAll(() => world.close());

const GET = (path: string) => (key: string) => wellFormed(key, { method: 'GET', path, body: '' });

describe('a target that another reader could take for another place is refused', () => {
  const refused: [string, string][] = [
    ...[
      '//admin/v1/keys',
      '///v1/models',
      '//evil.example/v1/models',
      '/\\evil.example',
      'http://evil.example/v1/models',
      'http://127.0.0.1@evil.example/',
      '/v1//models',
      '/v1/models//',
      '*',
    ].map((path): [string, string] => ['A-PA-01', path]),
    ...[
      '/v1/../admin/v1/keys',
      '/v1/./models',
      '/v1/models/..',
      '/v1/%2e%2e/admin',
      '/v1/%2E./admin',
      '/v1/.%2e/admin',
      '/v1/%2e/models',
      '/v1/..%2fadmin',
      '/v1\\..\\admin',
      '/v1/%5c..%5cadmin',
      '/v1/models/%2e%2e%2fadmin',
    ].map((path): [string, string] => ['A-PA-02', path]),
    ...[
      '/v1/%c0%af',
      '/v1/models%00',
      '/v1/models%0a',
      '/v1/models%0d%0aX-A:1',
      '/v1/models%',
      '/v1/models%2',
      '/v1/models%zz',
      '/v1/%ff',
      '/v1/models%7f',
    ].map((path): [string, string] => ['A-PA-03', path]),
    ...['/admin/v1/keys#/healthz', '/v1/models#x'].map((path): [string, string] => ['A-PA-08', path]),
  ];
  test.each(refused)('%s %s gets 400', (name, path) => judge(world, { name, bytes: GET(path), status: [400] }));

  const unknown: [string, string][] = [
    ...['/v1/..;/admin/v1/keys', '/v1/models;x=1', '/v1/chat/completions;/../../admin'].map(
      (path): [string, string] => ['A-PA-04', path],
    ),
    ...['/v1%2fmodels', '/v1/chat%2Fcompletions', '/%252e%252e/admin', '/v1/%252e%252e/admin'].map(
      (path): [string, string] => ['A-PA-03', path],
    ),
    ...[
      '/V1/Models',
      '/v1/models.',
      '/v1/models%20',
      '/v1/chat/completions/',
      '/V1/chat/completions',
      '/v1/Chat/completions',
    ].map((path): [string, string] => ['A-PA-05', path]),
    ...['/%EF%BD%961/models', '/v1/%C4%B0models', '/v1/mode%E2%84%AAs', '/v1/mode%CC%81ls'].map(
      (path): [string, string] => ['A-PA-06', path],
    ),
  ];
  test.each(unknown)('%s %s is no route', (name, path) => judge(world, { name, bytes: GET(path), status: [400, 404] }));

  test('A-PA-06 raw bytes outside ASCII are refused', () =>
    judge(world, {
      name: 'raw',
      bytes: (key) => Buffer.from(GET('/ｖ1/models')(key), 'utf8'),
      status: [400],
      closes: true,
    }));

  test('A-PA-03 an encoded letter means the letter, for the decision and for what is sent on', async () => {
    world.upstream.forget();
    const answer = await send(world, wellFormed(world.key, { path: '/v1/%63hat/completions' }));
    expect(answer.status).toBe(200);
    expect(world.upstream.exchanges.map((exchange) => exchange.target)).toEqual(['/v1/chat/completions']);
    await judge(world, { name: 'admin', bytes: GET('/%61dmin/v1/keys'), status: [403] });
  });

  test('A-PA-03 a slash in a model id may be encoded or not', async () => {
    for (const path of ['/v1/models/org/model-b', '/v1/models/org%2Fmodel-b', '/v1/models/org%2fmodel-b']) {
      const answer = await send(world, GET(path)(world.key));
      expect(answer.status, path).toBe(200);
      expect(answer.json()['id']).toBe('org/model-b');
    }
  });
});

describe('A-PA-07 the query takes no part in the decision', () => {
  test.each(['/admin/v1/keys?/healthz', '/v1/responses?path=/healthz', '/me?x=/healthz'])(
    '%s without a key is 401',
    (path) => judge(world, { name: path, bytes: () => GET(path)(''), status: [401, 405] }),
  );

  test.each(['token', 'api_key', 'key', 'anything'])(
    'a key in ?%s= is refused and its value is nowhere',
    async (name) => {
      await judge(world, {
        name,
        bytes: (key) => wellFormed('', { path: `/v1/chat/completions?${name}=${key}` }),
        status: [400],
        code: 'credential_in_query',
      });
      const log = await world.admin.call('GET', '/requests?limit=100');
      expect(log.text).not.toContain(world.key);
    },
  );

  const spelled: [string, (key: string) => string][] = [
    ['in escapes', (key) => `a=${[...key].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')}`],
    ['with its first letter escaped', (key) => `a=%6B${key.slice(1)}`],
    ['behind a scheme', (key) => `a=Bearer%20${key}`],
    ['behind a plus', (key) => `a=Bearer+${key}`],
    ['as a name', (key) => `${key}=1`],
    ['behind a semicolon', (key) => `a=1;key=${key}`],
    ['in quotes', (key) => `a=%22${key}%22`],
    ['without its underscores', (key) => `a=${key.replaceAll('_', '')}`],
    ['inside another URL', (key) => `a=http://127.0.0.1/?key=${key}&b`],
    ['beside a broken escape', (key) => `a=%zz%&b=${key}%`],
  ];
  test.each(spelled)('a key %s is refused as well', (name, query) =>
    judge(world, {
      name,
      bytes: (key) => wellFormed(key, { path: `/v1/chat/completions?${query(key)}` }),
      status: [400],
      code: 'credential_in_query',
    }),
  );

  test('a key in the query beside a good one is refused too', () =>
    judge(world, {
      name: 'both',
      bytes: (key) => wellFormed(key, { path: `/v1/chat/completions?k=${key}` }),
      status: [400],
      code: 'credential_in_query',
    }));

  test('a harmless query travels on unchanged', async () => {
    world.upstream.forget();
    expect((await send(world, wellFormed(world.key, { path: '/v1/chat/completions?a=1&a=2&b' }))).status).toBe(200);
    expect(world.upstream.exchanges[0]?.target).toBe('/v1/chat/completions?a=1&a=2&b');
  });
});

describe('A-PA-09 methods', () => {
  test.each(['TRACE', 'PURGE', 'PROPFIND', 'FOO'])('%s is refused', (method) =>
    judge(world, { name: method, bytes: (key) => wellFormed(key, { method, body: '' }), status: [400, 405, 501] }),
  );

  test('HEAD of the admin API claims no length that GET would not have', async () => {
    const { key } = await world.admin.createKey({ scopes: ['keys:read'] });
    const answer = await send(
      world,
      wellFormed(key, { method: 'HEAD', path: '/admin/v1/keys', body: '', headers: ['Connection: close'] }),
    );
    expect([answer.status, answer.header('content-length')]).toEqual([200, undefined]);
  });

  test('GET on a POST route is 405 and says what is allowed', async () => {
    const answer = await send(world, GET('/v1/chat/completions')(world.key));
    expect(answer.status).toBe(405);
    expect(answer.header('allow')).toContain('POST');
  });

  test('HEAD has the rights of GET and no body', async () => {
    const client = await world.gateway.connect();
    client.write(wellFormed(world.key, { method: 'HEAD', path: '/healthz', body: '', headers: ['Connection: close'] }));
    const head = await client.see('\r\n\r\n');
    await client.closed;
    expect(head).toMatch(/^HTTP\/1\.1 200/);
    expect(client.unread.endsWith('\r\n\r\n')).toBe(true);
    const stranger = await world.gateway.connect();
    stranger.write(
      wellFormed('', { method: 'HEAD', path: '/admin/v1/keys', body: '', headers: ['Connection: close'] }),
    );
    expect(await stranger.see('\r\n\r\n')).toMatch(/^HTTP\/1\.1 401/);
    stranger.close();
  });
});

describe('A-PA-11 what only the model server may be asked is not reachable', () => {
  const engine = [
    '/slots',
    '/props',
    '/sleep',
    '/wake_up',
    '/reset_prefix_cache',
    '/load_lora_adapter',
    '/v1/load_lora_adapter',
    '/api/pull',
    '/api/delete',
    '/v1/load',
    '/server_info',
    '/start_profile',
    '/lora-adapters',
    '/v1/anything',
    '/v1/chat',
  ];
  test.each(engine)('%s is no route, whatever the key', async (path) => {
    for (const method of ['GET', 'POST']) {
      const body = method === 'GET' ? '' : '{}';
      await judge(world, { name: path, bytes: (key) => wellFormed(key, { method, path, body }), status: [404, 405] });
    }
  });

  test('unknown_url names the nearest route', async () => {
    const answer = await send(world, wellFormed(world.key, { path: '/v1/chat/completion' }));
    const error = answer.json()['error'] as Record<string, string>;
    expect([answer.status, error['code']]).toEqual([404, 'unknown_url']);
    expect(error['message']).toContain('/v1/chat/completions');
  });

  test('a stranger learns no routes: without a key an unknown path tells no more than a known one with a wrong key', async () => {
    const answer = await send(world, wellFormed('', { path: '/v1/whatever' }));
    expect([401, 404]).toContain(answer.status);
    expect(answer.text()).not.toContain('test-model');
  });
});

describe('what is refused before its route is known is told in the words of the path', () => {
  const ANTHROPIC = { type: 'error', error: { type: expect.any(String), message: expect.any(String) } };
  const OLLAMA = { error: expect.any(String) };
  const LLAMA_CPP = { error: { code: expect.any(Number), message: expect.any(String), type: expect.any(String) } };
  const OPENAI = { error: { message: expect.any(String), type: 'invalid_request_error', param: null } };
  const PROBLEM = { type: 'about:blank', detail: expect.any(String) };
  const worded: [string, object][] = [
    ['/v1/messages', ANTHROPIC],
    ['/v1/messages/batches', ANTHROPIC],
    ['/api/chat', OLLAMA],
    ['/api/pull', OLLAMA],
    ['/api/v0/chat/completions', OPENAI],
    ['/completion', LLAMA_CPP],
    ['/v1/chat/completions', OPENAI],
    ['/openai/deployments/test-model/chat/completions', OPENAI],
    ['/nowhere', OPENAI],
    ['/admin/v1/keys', PROBLEM],
  ];
  test.each(worded)('%s', async (path, words) => {
    const wrongMethod = path === '/admin/v1/keys' ? [] : [wellFormed(world.key, { method: 'PATCH', path })];
    const foreignHost = wellFormed(world.key, { path, host: 'evil.example' });
    const expectation = wellFormed(world.key, { path, headers: ['Expect: something'] });
    for (const bytes of [...wrongMethod, foreignHost, expectation]) {
      const answer = await send(world, bytes);
      expect([404, 405, 417, 421]).toContain(answer.status);
      expect(answer.json()).toMatchObject(words);
      const id = words === ANTHROPIC ? answer.json()['request_id'] : undefined;
      expect(answer.header('request-id')).toBe(id);
      expect(answer.header('x-request-id')).toEqual(id ?? expect.stringMatching(/^req_/));
    }
  });
});
