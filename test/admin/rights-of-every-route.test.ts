import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KNOWN_SCOPES } from '../../src/access/scope.js';
import { ADMIN_SCOPES } from '../../src/admin/admin-scopes.js';
import { adminOperations } from '../../src/admin/operations.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld } from './admin-world.js';

interface Row {
  /** Scopes that open the route, besides `admin`. */
  scopes: string[];
  /** Not for keys with an owner. */
  installation?: true;
  operatorOnly?: true;
  /** For whoever is known, and to sign in also for others; what it does is about the asking session alone. */
  everyone?: true;
  body?: object;
}

/** Every route of the admin API and who may use it. Written by hand: a new route has to be thought about here. */
const ROUTES: Record<string, Row> = {
  'GET /admin/v1/keys': { scopes: ['keys:read'] },
  'POST /admin/v1/keys': { scopes: ['keys:write'], body: { name: 'x', scopes: ['keys:write'] } },
  'GET /admin/v1/keys/{id}': { scopes: ['keys:read'] },
  'PATCH /admin/v1/keys/{id}': { scopes: ['keys:write'], body: { name: 'x' } },
  'DELETE /admin/v1/keys/{id}': { scopes: ['keys:revoke'] },
  'POST /admin/v1/keys/{id}/rotate': { scopes: ['keys:write'], body: {} },
  'POST /admin/v1/keys/{id}/revoke': { scopes: ['keys:revoke'], body: {} },
  'POST /admin/v1/keys/{id}/enable': { scopes: ['keys:write'] },
  'POST /admin/v1/keys/{id}/disable': { scopes: ['keys:revoke'] },
  'POST /admin/v1/keys/{id}/derive': { scopes: ['keys:write'], body: { name: 'x' } },
  'POST /admin/v1/keys/revoke': { scopes: ['keys:revoke'], body: { owner: 'nobody' } },
  'POST /admin/v1/keys/import': {
    scopes: [],
    operatorOnly: true,
    body: { keys: [{ name: 'x', scopes: ['infer'], secret: 'a-secret' }] },
  },
  'GET /admin/v1/owners': { scopes: ['keys:read'] },
  'PATCH /admin/v1/owners/{name}': { scopes: ['keys:revoke'], body: { disabled: true } },
  'PATCH /admin/v1/owners': { scopes: ['keys:revoke'], body: { name: 'nothing', disabled: true } },
  'GET /admin/v1/callers': { scopes: ['keys:read'] },
  'PATCH /admin/v1/callers': { scopes: ['keys:revoke'], body: { id: 'jwt:nobody', blocked: true } },
  'GET /admin/v1/requests': { scopes: ['usage:read'] },
  'GET /admin/v1/usage': { scopes: ['usage:read'] },
  'POST /admin/v1/usage/replay': { scopes: ['usage:read'], body: { limits: { requests_per_day: 1 } } },
  'GET /admin/v1/streams': { scopes: ['usage:read'] },
  'DELETE /admin/v1/streams/{id}': { scopes: [] },
  'GET /admin/v1/audit': { scopes: ['audit:read'], installation: true },
  'GET /admin/v1/audit/verify': { scopes: ['audit:read'], installation: true },
  'GET /admin/v1/audit/export': { scopes: ['audit:read'], installation: true },
  'GET /admin/v1/replicas': { scopes: ['replicas:read'], installation: true },
  'POST /admin/v1/replicas/{id}/drain': { scopes: ['replicas:write'], installation: true },
  'POST /admin/v1/replicas/{id}/resume': { scopes: ['replicas:write'], installation: true },
  'POST /admin/v1/replicas/{id}/restart': { scopes: ['replicas:write'], installation: true },
  'GET /admin/v1/replicas/{id}/logs': { scopes: ['replicas:read'], installation: true },
  'GET /admin/v1/models': { scopes: ['replicas:read'] },
  'GET /admin/v1/status': { scopes: ['replicas:read'], installation: true },
  'GET /admin/v1/doctor': { scopes: [], installation: true },
  'GET /admin/v1/config': { scopes: [], installation: true },
  'POST /admin/v1/config/reload': { scopes: [], installation: true },
  'POST /admin/v1/backup': { scopes: [], operatorOnly: true, body: { file: '/nowhere/at/all' } },
  'POST /admin/v1/stop': { scopes: [], installation: true },
  'GET /admin/v1/overview': { scopes: ['usage:read'] },
  'GET /admin/v1/events': { scopes: ['usage:read'] },
  'POST /admin/v1/session': { scopes: [], everyone: true, body: { link: 'nothing' } },
  'GET /admin/v1/session': { scopes: [], everyone: true },
  'DELETE /admin/v1/session': { scopes: [], everyone: true },
  'POST /admin/v1/session/links': { scopes: [...ADMIN_SCOPES] },
  'POST /admin/v1/explain': { scopes: [], body: { method: 'GET', path: '/v1/models' } },
};

describe('every route of the admin API', () => {
  let world: AdminWorld;
  beforeAll(async () => {
    world = await openAdminWorld();
  });
  afterAll(() => world.close());

  const refused = async (scopes: string[], route: string, row: Row, owner: string | null = null): Promise<boolean> => {
    const { record } = await world.key({ scopes: scopes.length === 0 ? ['metrics:read'] : scopes, owner });
    const holder = scopes.length === 0 ? { ...record, scopes: [] } : record;
    const [method = '', path = ''] = route.split(' ');
    const reply = await world.ask(
      { ...holderOf(record), holder },
      method,
      path.replaceAll(/\{\w+\}/g, 'nothing'),
      row.body === undefined ? {} : { body: row.body },
    );
    expect(reply.status).toBeLessThan(500);
    return reply.body['code'] === 'missing_scope';
  };

  it('is in the table of this test, and nothing else is', () => {
    const routes = adminOperations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  const guarded = Object.entries(ROUTES).filter(([, row]) => row.everyone !== true);

  it.each(guarded)('%s is closed without a scope', async (route, row) => {
    expect(await refused([], route, row)).toBe(true);
  });

  it.each(guarded)('%s is closed with every scope but its own', async (route, row) => {
    const others = KNOWN_SCOPES.filter((scope) => scope !== 'admin' && !row.scopes.includes(scope));
    for (const scope of /^PATCH \/admin\/v1\/(owners|callers)/.test(route)
      ? others.filter((one) => one !== 'keys:write')
      : others) {
      expect([scope, await refused([scope], route, row)]).toEqual([scope, true]);
    }
  });

  it.each(Object.entries(ROUTES))('%s opens with its own scope and with admin', async (route, row) => {
    for (const scope of [...row.scopes, 'admin']) {
      expect([scope, await refused([scope], route, row)]).toEqual([scope, row.operatorOnly === true]);
    }
  });

  it.each(Object.entries(ROUTES).filter(([, row]) => row.installation))(
    '%s is closed for a key with an owner',
    async (route, row) => {
      expect(await refused(['admin'], route, row, 'alice')).toBe(true);
    },
  );

  it.each(Object.entries(ROUTES))('%s opens for the operator of the machine', async (route, row) => {
    const [method = '', path = ''] = route.split(' ');
    const reply = await world.ask(
      OPERATOR,
      method,
      path.replaceAll(/\{\w+\}/g, 'nothing'),
      row.body === undefined ? {} : { body: row.body },
    );
    // 409: there is no gateway here that a browser could sign in to.
    expect([200, 201, 202, 400, 404, 409]).toContain(reply.status);
  });

  it('switching an owner on needs keys:write, and keys:revoke does not do', async () => {
    await world.key({ owner: 'carol' });
    const { record } = await world.key({ scopes: ['keys:revoke'] });
    expect(
      (await world.ask(holderOf(record), 'PATCH', '/admin/v1/owners/carol', { body: { disabled: false } })).body[
        'code'
      ],
    ).toBe('missing_scope');
  });

  it('ending the old secret at once needs keys:revoke besides keys:write', async () => {
    const { record } = await world.key({ scopes: ['keys:write'] });
    const path = `/admin/v1/keys/${record.id}/rotate`;
    expect((await world.ask(holderOf(record), 'POST', path, { body: { overlap_seconds: 0 } })).body['code']).toBe(
      'missing_scope',
    );
    expect((await world.ask(holderOf(record), 'POST', path, { body: { overlap_seconds: 60 } })).status).toBe(200);
  });

  it('a path that does not exist is 404 for everybody, and another method is 405 with the ones there are', async () => {
    const { record } = await world.key({ scopes: ['infer'] });
    expect((await world.ask(holderOf(record), 'GET', '/admin/v1/nothing')).body).toMatchObject({
      status: 404,
      code: 'unknown_url',
    });
    const wrong = await world.ask(OPERATOR, 'PUT', '/admin/v1/keys');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'POST']);
  });

  it('a holder of /me reaches no admin route, and the other way round', async () => {
    const { record } = await world.key({ scopes: ['admin'] });
    expect((await world.ask(holderOf(record, 'me'), 'GET', '/admin/v1/keys')).status).toBe(404);
    expect((await world.ask(holderOf(record), 'GET', '/me')).status).toBe(404);
  });
});
