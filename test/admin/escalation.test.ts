import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCaller } from '../../src/admin/caller.js';
import { type AdminWorld, holderOf, openAdminWorld } from './admin-world.js';

describe('nobody hands on, or acts with, what he does not hold', () => {
  let world: AdminWorld;
  let maker: AdminCaller;

  beforeAll(async () => {
    world = await openAdminWorld();
    maker = holderOf((await world.key({ scopes: ['keys:write', 'keys:read', 'infer:chat'] })).record);
  });
  afterAll(() => world.close());

  it.each([
    [{ scopes: ['admin'] }],
    [{ scopes: ['keys:revoke'] }],
    [{ scopes: ['infer'] }],
    [{ scopes: ['infer:chat', 'infer:embeddings'] }],
    [{}],
    [{ scopes: ['infer:chat'], models: ['*'] }],
  ])('a maker of keys cannot make one with %o', async (rights) => {
    const reply = await world.ask(maker, 'POST', '/admin/v1/keys', { body: { name: 'more', ...rights } });
    expect([reply.status, reply.body['code']]).toEqual([403, 'missing_scope']);
  });

  it('but one with less', async () => {
    expect(
      (await world.ask(maker, 'POST', '/admin/v1/keys', { body: { name: 'less', scopes: ['infer:chat'] } })).status,
    ).toBe(201);
  });

  it.each([
    ['PATCH', '', { name: 'taken over' }],
    ['POST', '/rotate', {}],
    ['POST', '/enable', undefined],
    ['POST', '/derive', { name: 'child', scopes: ['infer:chat'] }],
  ])('a key with more rights is not touched: %s %s', async (method, act, body) => {
    const { record, secret } = await world.key({ scopes: ['admin'] });
    const reply = await world.ask(
      maker,
      method,
      `/admin/v1/keys/${record.id}${act}`,
      body === undefined ? {} : { body },
    );
    expect([reply.status, reply.body['code'], reply.text.includes('kp_')]).toEqual([403, 'missing_scope', false]);
    expect((await world.ports.keys.findRevocable({ ids: [record.id] }))[0]).toEqual(record);
    expect(await world.stores.keys.directory.identify(secret)).toMatchObject({ id: record.id });
  });

  it('no key gives itself more', async () => {
    for (const scopes of [['admin'], ['keys:write', 'keys:read', 'infer']]) {
      const reply = await world.ask(maker, 'PATCH', `/admin/v1/keys/${maker.keyId}`, { body: { scopes } });
      expect(reply.body['code']).toBe('missing_scope');
    }
    expect((await world.ports.keys.get(maker.keyId ?? ''))?.scopes).toEqual(['keys:write', 'keys:read', 'infer:chat']);
  });

  it('rights that were taken away after the request was let in count no more', async () => {
    const { record } = await world.key({ scopes: ['admin'] });
    const asShown = holderOf(record);
    await world.ports.keys.update(record.id, { scopes: ['keys:write'] }, maker.actor);
    expect(
      (await world.ask(asShown, 'POST', '/admin/v1/keys', { body: { name: 'late', scopes: ['admin'] } })).body['code'],
    ).toBe('missing_scope');
    await world.ports.keys.setDisabled(record.id, true, maker.actor);
    expect(
      (await world.ask(asShown, 'POST', '/admin/v1/keys', { body: { name: 'late', scopes: ['keys:write'] } })).status,
    ).toBe(401);
  });

  it('a derived key keeps within what the keys above it allow, whatever its own record says', async () => {
    const { record } = await world.key({ scopes: ['admin'] });
    const narrowed = { ...holderOf(record), holder: { ...record, scopes: ['keys:write'] } };
    expect(
      (await world.ask(narrowed, 'POST', '/admin/v1/keys', { body: { name: 'x', scopes: ['infer'] } })).body['code'],
    ).toBe('missing_scope');
  });

  it('a child holds at most what its parent holds', async () => {
    const admin = holderOf((await world.key({ scopes: ['admin'] })).record);
    const parent = (await world.key({ scopes: ['infer:chat'] })).record;
    const derive = (body: object) =>
      world.ask(admin, 'POST', `/admin/v1/keys/${parent.id}/derive`, { body: { name: 'child', ...body } });
    expect((await derive({ scopes: ['infer'] })).status).toBe(400);
    expect((await derive({ scopes: ['infer:chat'] })).body).toMatchObject({
      parent_id: parent.id,
      scopes: ['infer:chat'],
    });
  });
});
