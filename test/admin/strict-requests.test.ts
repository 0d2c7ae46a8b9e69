import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminOperations, ownOperations } from '../../src/admin/operations.js';
import { type AdminWorld, OPERATOR, openAdminWorld } from './admin-world.js';

interface Described {
  responses: object;
  requestBody?: object;
  parameters?: { in: string; name: string }[];
}

describe('a request is taken as it is meant, or refused with every fault named', () => {
  let world: AdminWorld;
  let id: string;

  beforeAll(async () => {
    world = await openAdminWorld();
    id = (await world.key({})).record.id;
  });
  afterAll(() => world.close());

  const create = (body: unknown, headers: Record<string, string> = {}) =>
    world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body, headers });

  it.each([
    'id',
    'hash',
    'digest',
    'key',
    'prefix',
    'state',
    'tenant',
    'created_by',
    'created_at',
    'usage',
    'imported',
    'parent_id',
    'admin',
    'constructor',
  ])('a member "%s" that is not the caller’s to set is refused on create and update', async (member) => {
    for (const [method, path, body] of [
      ['POST', '/admin/v1/keys', { name: 'x', [member]: 'y' }],
      ['PATCH', `/admin/v1/keys/${id}`, { [member]: 'y' }],
    ] as const) {
      const reply = await world.ask(OPERATOR, method, path, { body });
      expect(reply.status).toBe(400);
      expect(reply.body['errors']).toEqual([{ pointer: `/${member}`, in: 'body', detail: 'unknown member' }]);
    }
  });

  it.each([
    '{"name":"x","__proto__":{"scopes":["admin"]}}',
    '{"name":"x","labels":{"__proto__":"y"}}',
    '{"name":"x","attributes":{"a":["b"],"__proto__":["c"]}}',
  ])('nothing named __proto__ gets in, at any depth: %s', async (text) => {
    expect((await create(text)).status).toBe(400);
  });

  it('names every fault with a pointer to its place', async () => {
    const reply = await create({ name: '', scopes: 'admin', allow_ips: ['10.0.0.0/8', 'everywhere'], 'a/b~c': 1 });
    const places = (reply.body['errors'] as { pointer: string }[]).map((fault) => fault.pointer);
    expect(places.toSorted()).toEqual(['/allow_ips/1', '/a~1b~0c', '/name', '/scopes']);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      code: 'invalid_value',
      request_id: 'req_operator',
    });
  });

  it.each([
    ['form data', 'name=x', 'application/x-www-form-urlencoded', 415],
    ['text that looks like JSON', '{"name":"x"}', 'text/plain', 415],
    ['another character set', '{"name":"x"}', 'application/json; charset=latin1', 415],
    ['broken JSON', '{"name":', 'application/json', 400],
    ['a list', '[]', 'application/json', 400],
    ['a member named twice', '{"name":"x","scopes":["infer"],"name":"y"}', 'application/json', 400],
    ['too much', JSON.stringify({ name: 'x', owner: 'y'.repeat(300_000) }), 'application/json', 413],
  ])('%s is refused', async (_what, body, contentType, status) => {
    expect((await create(body, { 'content-type': contentType })).status).toBe(status);
  });

  it.each(['limit=0', 'limit=1001', 'limit=ten', 'limit=1&limit=2', 'colour=red', 'state=gone', 'after=nonsense'])(
    'a list asked with %s is refused',
    async (query) => {
      expect((await world.ask(OPERATOR, 'GET', `/admin/v1/keys?${query}`)).status).toBe(400);
    },
  );

  it.each(['owners', 'callers', 'streams', 'replicas', 'models'])(
    'a short list comes in pages too, or refuses the page: %s',
    async (list) => {
      expect((await world.ask(OPERATOR, 'GET', `/admin/v1/${list}?limit=1`)).status).toBe(200);
      for (const query of ['limit=0', 'limit=1001', 'after=nonsense', 'colour=red'])
        expect((await world.ask(OPERATOR, 'GET', `/admin/v1/${list}?${query}`)).status).toBe(400);
    },
  );

  it('pages of a short list hold every row once, in its order', async () => {
    const paged = await openAdminWorld();
    for (const owner of ['carol', 'alice', 'bob', 'dave', 'erin']) await paged.key({ owner });
    const { body: whole } = await paged.ask(OPERATOR, 'GET', '/admin/v1/owners');
    const rows: unknown[] = [];
    let next: string | null = null;
    do {
      const after = next === null ? '' : `&after=${next}`;
      const { body } = await paged.ask(OPERATOR, 'GET', `/admin/v1/owners?limit=2${after}`);
      rows.push(...(body['data'] as unknown[]));
      next = body['next'] as string | null;
    } while (next !== null);
    expect([whole['next'], rows]).toEqual([null, whole['data']]);
    await paged.close();
  });

  it.each([
    [{}, 'Member "name" is not valid: must be given.'],
    [{ name: '' }, 'Member "name" is not valid: must not be empty.'],
    [{ name: 5 }, 'Member "name" is not valid: must be text.'],
    [{ name: 'x', scopes: 'admin' }, 'Member "scopes" is not valid: must be a list.'],
    [{ name: 'x', expires_at: 1.5 }, 'Member "expires_at" is not valid: must be a whole number.'],
    [[], 'The body is not valid: must be an object.'],
  ])('a refusal says in plain words what would be right: %j', async (body, detail) => {
    expect((await create(JSON.stringify(body), { 'content-type': 'application/json' })).body['detail']).toBe(detail);
  });

  it('numbers out of bounds are refused with the bound', async () => {
    const rotated = await world.ask(OPERATOR, 'POST', `/admin/v1/keys/${id}/rotate`, {
      body: { overlap_seconds: 1e7 },
    });
    const listed = await world.ask(OPERATOR, 'GET', '/admin/v1/keys?limit=0');
    const explained = await world.ask(OPERATOR, 'POST', '/admin/v1/explain', {
      body: { method: 'POST', path: '/v1/models', from: '999' },
    });
    expect([rotated, listed, explained].map(({ body }) => body['detail'])).toEqual([
      'Member "overlap_seconds" is not valid: must be at most 604800.',
      'Query parameter "limit" is not valid: must be at least 1.',
      'Member "from" is not valid: must be an IP address.',
    ]);
  });

  it.each([
    { scopes: ['root'] },
    { scopes: [] },
    { expires_at: 0 },
    { expires_at: 1.5 },
    { expires_at: -1 },
    { expires_at: 4 },
    { allow_ips: ['fe80::1%eth0'] },
    { allow_ips: ['10.0.0.1/33'] },
    { name: 'bell\u0007' },
    { name: '\ud800' },
    { limits: { requests_per_minute: 0 } },
    { limits: { requests_per_minute: 1.5 } },
    { limits: { requests_per_minute: '1' } },
    { limits: { tokens_per_dya: 1 } },
    { limits: { weight: null } },
    { limits: { priority: 'urgent' } },
    { limits: [] },
  ])('a key is not made with %o', async (rights) => {
    expect((await create({ name: 'x', ...rights })).status).toBe(400);
  });

  it.each([{}, { owner: 'a', key: 'b' }, { label: { name: 'a', value: 'b' }, owner: 'c' }, { ids: ['a'] }])(
    'revoking with %o names no single target and revokes nothing',
    async (body) => {
      expect((await world.ask(OPERATOR, 'POST', '/admin/v1/keys/revoke', { body })).status).toBe(400);
      expect((await world.ports.keys.get(id))?.state).toBe('active');
    },
  );

  it('what keys.require asks for has to be said about every new key', async () => {
    const strict = await openAdminWorld({}, { require: ['owner', 'expires_at', 'models'] });
    const reply = await strict.ask(OPERATOR, 'POST', '/admin/v1/keys', {
      body: { name: 'x', owner: 'alice', models: [] },
    });
    expect((reply.body['errors'] as { pointer: string }[]).map((fault) => fault.pointer)).toEqual([
      '/expires_at',
      '/models',
    ]);
    const full = { name: 'x', owner: 'alice', models: ['m'], expires_at: Math.floor(Date.now() / 1000) + 3600 };
    expect((await strict.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: full })).status).toBe(201);
    await strict.close();
  });

  it('markup and formulas in names come back as the text they are, in JSON', async () => {
    for (const name of [
      '<img src=x onerror=alert(1)>',
      '=HYPERLINK("http://evil")',
      '"; DROP TABLE keys; --',
      '${jndi:ldap://x}',
    ]) {
      const reply = await create({ name });
      expect([reply.status, reply.body['name'], reply.headers.get('content-type')]).toEqual([
        201,
        name,
        'application/json',
      ]);
    }
  });

  it('the description of the API is OpenAPI 3.1 and names every operation with its schemas', async () => {
    const { body, status } = await world.ask(OPERATOR, 'GET', '/admin/v1/openapi.json');
    expect([status, body['openapi']]).toEqual([200, '3.1.0']);
    const paths = body['paths'] as Record<string, Record<string, Described>>;
    for (const { method, path, schemas, act } of [...adminOperations, ...ownOperations]) {
      const described = paths[path]?.[method];
      expect([path, method, described !== undefined, described?.requestBody !== undefined]).toEqual([
        path,
        method,
        true,
        schemas.body !== null,
      ]);
      expect(Object.keys(described?.responses ?? {})).toContain('default');
      const headers = described?.parameters?.filter((one) => one.in === 'header').map((one) => one.name) ?? [];
      expect([path, headers]).toEqual([path, method === 'post' && act !== null ? ['idempotency-key'] : []]);
    }
    expect(JSON.stringify(body)).not.toContain('[object');
  });
});
