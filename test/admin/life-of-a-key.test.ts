import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyBody } from '../../src/admin/contract-key.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld, runningRequest } from './admin-world.js';

describe('the life of a key over the admin API', () => {
  let world: AdminWorld;
  beforeEach(async () => {
    world = await openAdminWorld();
  });
  afterEach(() => world.close());

  const post = (path: string, body?: object) =>
    world.ask(OPERATOR, 'POST', `/admin/v1${path}`, body === undefined ? {} : { body });

  it('a new key comes back as it was asked for, with the defaults filled in', async () => {
    const expires = Math.floor(Date.now() / 1000) + 86_400;
    const made = await post('/keys', {
      name: 'laptop',
      owner: 'alice',
      models: ['qwen*'],
      allow_ips: ['10.0.0.0/8', '::1'],
      labels: { team: 'a' },
      attributes: { roles: ['dev'] },
      expires_at: expires,
    });
    expect(made.body).toMatchObject({
      name: 'laptop',
      owner: 'alice',
      scopes: ['infer'],
      models: ['qwen*'],
      allow_ips: ['10.0.0.0/8', '::1/128'],
      labels: { team: 'a' },
      attributes: { roles: ['dev'] },
      limits: {},
      expires_at: expires,
      created_by: 'operator',
      state: 'active',
      last_used_at: null,
      parent_id: null,
    });
    const { key: _secret, ...record } = made.body;
    expect((await world.ask(OPERATOR, 'GET', `/admin/v1/keys/${String(made.body['id'])}`)).body).toEqual(record);
  });

  it('an update changes what it names and nothing else, and null takes an owner and an expiry away', async () => {
    const { record } = await world.key({
      owner: 'alice',
      models: ['a'],
      expiresAt: Math.floor(Date.now() / 1000) + 60,
    });
    const path = `/admin/v1/keys/${record.id}`;
    const before = (await world.ask(OPERATOR, 'GET', path)).body;
    const after = (await world.ask(OPERATOR, 'PATCH', path, { body: { owner: null, expires_at: null } })).body;
    expect(after).toEqual({ ...before, owner: null, expires_at: null, updated_at: after['updated_at'] });
    expect((await world.ask(OPERATOR, 'PATCH', path, { body: {} })).status).toBe(400);
  });

  it('a revocation takes everything derived with it and tells what it ended', async () => {
    const { record } = await world.key({ owner: 'alice' });
    const child = (await world.ports.keys.derive(record.id, { name: 'child' }, OPERATOR.actor)).record;
    const grandchild = (await world.ports.keys.derive(child.id, { name: 'grandchild' }, OPERATOR.actor)).record;
    const other = (await world.key({})).record;
    world.running.push(runningRequest(record.id), runningRequest(grandchild.id), runningRequest(other.id));
    const reply = await post(`/keys/${record.id}/revoke`, { reason: 'lost' });
    expect(new Set(reply.body['revoked'] as string[])).toEqual(new Set([record.id, child.id, grandchild.id]));
    expect(new Set(reply.body['children'] as string[])).toEqual(new Set([child.id, grandchild.id]));
    expect(reply.body).toMatchObject({ streams_ended: 2, last_used_at: null, addresses_24h: [], models_24h: [] });
    expect(world.running.map((one) => one.keyId)).toEqual([other.id]);
    expect((await world.ask(OPERATOR, 'GET', `/admin/v1/keys/${record.id}`)).body).toMatchObject({
      state: 'revoked',
      revoke_reason: 'lost',
    });
  });

  it('a revocation is answered though the request log hangs', async () => {
    const hung = await openAdminWorld();
    const requests = {
      ...hung.stores.usage.requests,
      recentUse: () => new Promise<never>(() => undefined),
      list: hung.ports.requests.list.bind(hung.ports.requests),
    };
    const slow = await openAdminWorld({ requests: requests as never });
    const { record } = await slow.key({});
    const reply = await slow.ask(OPERATOR, 'DELETE', `/admin/v1/keys/${record.id}`);
    expect(reply.body).toMatchObject({ revoked: [record.id], addresses_24h: null, models_24h: null });
    await slow.close();
    await hung.close();
  });

  it('what would be revoked can be looked at first, and looking changes nothing', async () => {
    const ids = [
      (await world.key({ labels: { team: 'a' } })).record.id,
      (await world.key({ labels: { team: 'a' } })).record.id,
    ];
    await world.key({ labels: { team: 'b' } });
    const label = { name: 'team', value: 'a' };
    const looked = await post('/keys/revoke', { label, dry_run: true });
    expect((looked.body['data'] as KeyBody[]).map((key) => key.id).toSorted()).toEqual(ids.toSorted());
    expect((await world.ports.keys.get(ids[0] ?? ''))?.state).toBe('active');
    expect(((await post('/keys/revoke', { label })).body['revoked'] as string[]).toSorted()).toEqual(ids.toSorted());
    expect((await post('/keys/revoke', { label })).status).toBe(404);
  });

  it('a key is revoked by its secret in any spelling, and a mistyped one is nobody’s', async () => {
    const { record, secret } = await world.key({});
    const last = secret.at(-1) === 'A' ? 'B' : 'A';
    expect((await post('/keys/revoke', { key: secret.slice(0, -1) + last })).status).toBe(404);
    expect((await post('/keys/revoke', { key: `sk-${secret.replaceAll('_', '')}` })).body['revoked']).toEqual([
      record.id,
    ]);
  });

  it('disabling ends what runs with the key and its children; enabling makes it work again; revoked stays revoked', async () => {
    const { record } = await world.key({});
    const child = (await world.ports.keys.derive(record.id, { name: 'child' }, OPERATOR.actor)).record;
    world.running.push(runningRequest(child.id));
    expect((await post(`/keys/${record.id}/disable`)).body).toMatchObject({ state: 'disabled', streams_ended: 1 });
    expect(world.endedKeys).toEqual([{ ids: [record.id, child.id], reason: 'key_disabled' }]);
    expect((await post(`/keys/${record.id}/enable`)).body).toMatchObject({ state: 'active' });
    await post(`/keys/${record.id}/revoke`, {});
    expect((await post(`/keys/${record.id}/enable`)).status).toBe(409);
  });

  it('an owner is switched off and on with all his keys', async () => {
    const { record } = await world.key({ owner: 'alice' });
    world.running.push(runningRequest(record.id, 'alice'));
    expect(
      (await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/alice', { body: { disabled: true } })).body,
    ).toMatchObject({ name: 'alice', disabled: true, keys: 1, streams_ended: 1 });
    expect(world.stores.keys.directory.byId(record.id)?.ownerDisabled).toBe(true);
    expect(
      (await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/alice', { body: { disabled: false } })).body,
    ).toMatchObject({ disabled: false, streams_ended: 0 });
    expect((await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/nobody', { body: { disabled: true } })).status).toBe(
      404,
    );
  });

  it('an owner who has limits and no keys yet can be switched off, and then his first key is off', async () => {
    const path = '/admin/v1/owners/newcomer';
    await world.ask(OPERATOR, 'PATCH', path, { body: { limits: { tokens_per_day: 5 } } });
    expect((await world.ask(OPERATOR, 'PATCH', path, { body: { disabled: true } })).body).toMatchObject({
      disabled: true,
      keys: 0,
      limits: { tokens_per_day: 5 },
    });
    const { record } = await world.key({ owner: 'newcomer' });
    expect(world.stores.keys.directory.byId(record.id)?.ownerDisabled).toBe(true);
    expect((await world.ask(OPERATOR, 'PATCH', path, { body: { disabled: false } })).status).toBe(200);
    expect(world.stores.keys.directory.byId(record.id)?.ownerDisabled).toBe(false);
  });

  it('pages never repeat or leave out a key that was there from the start, whatever is added meanwhile', async () => {
    const ids = new Set<string>();
    for (let made = 0; made < 25; made += 1) ids.add((await world.key({})).record.id);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (sizes, adding) => {
          const seen: string[] = [];
          let after = '';
          for (let page = 0; ; page += 1) {
            const reply = await world.ask(
              OPERATOR,
              'GET',
              `/admin/v1/keys?limit=${sizes[page % sizes.length] ?? 1}${after}`,
            );
            seen.push(...(reply.body['data'] as KeyBody[]).map((key) => key.id));
            if (reply.body['next'] === null) break;
            if (adding && page < 2) await world.key({});
            after = `&after=${encodeURIComponent(reply.body['next'] as string)}`;
          }
          expect(new Set(seen).size).toBe(seen.length);
          expect([...ids].every((id) => seen.includes(id))).toBe(true);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('any name that is taken comes back unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), async (name) => {
        const reply = await post('/keys', { name });
        expect([201, 400]).toContain(reply.status);
        if (reply.status === 201) expect(reply.body['name']).toBe(name);
      }),
      { numRuns: 30 },
    );
  });

  it('a holder sees his own key and no more than self-service allows', async () => {
    const { record } = await world.key({ labels: { note: 'watch him' } });
    const me = await world.ask(holderOf(record, 'me'), 'GET', '/me');
    expect(me.body).toMatchObject({ id: record.id, scopes: ['infer'], self_service: ['revoke'] });
    expect(me.text).not.toContain('watch him');
    expect((await world.ask(holderOf(record, 'me'), 'POST', '/me/rotate', { body: {} })).status).toBe(403);
    expect((await world.ask(holderOf(record, 'me'), 'POST', '/me/derive', { body: { name: 'x' } })).status).toBe(403);
    expect((await world.ask(holderOf(record, 'me'), 'POST', '/me/revoke', { body: { id: 'another' } })).status).toBe(
      400,
    );
    expect((await world.ask(holderOf(record, 'me'), 'POST', '/me/revoke', { body: {} })).body['revoked']).toEqual([
      record.id,
    ]);
    expect((await world.ask({ ...OPERATOR, reach: 'me' }, 'GET', '/me')).status).toBe(404);
  });

  it('a holder who may derives a child within his rights and not beyond', async () => {
    const open = await openAdminWorld({}, { self_service: ['derive'] });
    const { record } = await open.key({ scopes: ['infer:chat'], owner: 'alice' });
    const derive = (body: object) =>
      open.ask(holderOf(record, 'me'), 'POST', '/me/derive', { body: { name: 'child', ...body } });
    expect((await derive({})).body).toMatchObject({ parent_id: record.id, scopes: ['infer:chat'], owner: 'alice' });
    expect((await derive({ scopes: ['infer'] })).status).toBe(403);
    expect((await derive({ owner: 'bob' })).status).toBe(403);
    await open.close();
  });
});
