import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCaller } from '../../src/admin/caller.js';
import type { LimitSettings } from '../../src/core/limits.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld } from './admin-world.js';

let world: AdminWorld;
beforeAll(async () => {
  world = await openAdminWorld();
});
afterAll(() => world.close());

async function administrator(limits: LimitSettings, owner: string | null = null): Promise<AdminCaller> {
  return holderOf((await world.key({ scopes: ['admin'], limits, owner })).record);
}

async function limitsOf(name: string): Promise<unknown> {
  const owners = (await world.ask(OPERATOR, 'GET', '/admin/v1/owners')).body['data'] as {
    name: string;
    limits: unknown;
  }[];
  return owners.find((owner) => owner.name === name)?.limits;
}

describe('limits of a key', () => {
  it('are shown as they were given, null included, changed as a whole, and in memory with the answer', async () => {
    const limits = { tokens_per_day: 5, requests_per_minute: null, priority: 'low' };
    const made = await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'k', limits } });
    const id = String(made.body['id']);
    expect([made.status, made.body['limits']]).toEqual([201, limits]);
    expect(world.stores.keys.directory.byId(id)?.policy.limits).toEqual(limits);
    const changed = await world.ask(OPERATOR, 'PATCH', `/admin/v1/keys/${id}`, { body: { limits: { weight: 3 } } });
    expect(changed.body['limits']).toEqual({ weight: 3 });
    expect(world.stores.keys.directory.byId(id)?.policy.limits).toEqual({ weight: 3 });
    const trail = await world.ask(OPERATOR, 'GET', `/admin/v1/audit?target=key:${id}&limit=1`);
    expect((trail.body['data'] as unknown[])[0]).toMatchObject({
      action: 'key.update',
      details: { before: { limits }, after: { limits: { weight: 3 } } },
    });
  });

  it('with a name nobody knows are refused with the name that was meant', async () => {
    const reply = await world.ask(OPERATOR, 'POST', '/admin/v1/keys', {
      body: { name: 'k', limits: { tokens_per_dya: 5 } },
    });
    expect(reply.status).toBe(400);
    expect(reply.body['detail']).toContain('Did you mean "tokens_per_day"?');
    const none = await world.ask(OPERATOR, 'POST', '/admin/v1/keys', {
      body: { name: 'k', limits: { tokens_per_day: 0 } },
    });
    expect(none.body['detail']).toContain('tokens_per_day must be a whole number from 1');
  });

  it('that are required must be given', async () => {
    const strict = await openAdminWorld({}, { require: ['limits'] });
    try {
      expect((await strict.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'k' } })).status).toBe(400);
      expect((await strict.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'k', limits: {} } })).status).toBe(
        400,
      );
      const body = { name: 'k', limits: { requests_per_day: 5 } };
      expect((await strict.ask(OPERATOR, 'POST', '/admin/v1/keys', { body })).status).toBe(201);
    } finally {
      await strict.close();
    }
  });
});

describe('a maker with limits', () => {
  it.each([
    {},
    { tokens_per_day: 101 },
    { tokens_per_day: null },
    { tokens_per_day: 100, weight: 2 },
  ] as LimitSettings[])('makes no key with %j, and makes none so by a change', async (limits) => {
    const maker = await administrator({ tokens_per_day: 100, weight: 1 });
    const body = { name: 'k', limits };
    expect((await world.ask(maker, 'POST', '/admin/v1/keys', { body })).body['code']).toBe('missing_scope');
    const { record } = await world.key({ limits: { tokens_per_day: 10 } });
    const change = await world.ask(maker, 'PATCH', `/admin/v1/keys/${record.id}`, { body: { limits } });
    expect(change.body['code']).toBe('missing_scope');
    const own = await world.ask(maker, 'PATCH', `/admin/v1/keys/${maker.keyId}`, { body: { limits } });
    expect(own.body['code']).toBe('missing_scope');
    expect((await world.ports.keys.get(record.id))?.limits).toEqual({ tokens_per_day: 10 });
  });

  it('does not rotate, enable or derive from a key with more', async () => {
    const maker = await administrator({ tokens_per_day: 100 });
    const { record } = await world.key({ limits: { tokens_per_day: 101 } });
    for (const [act, body] of [
      ['rotate', {}],
      ['enable', undefined],
      ['derive', { name: 'child', limits: { tokens_per_day: 1 } }],
    ] as const) {
      const asked = body === undefined ? {} : { body };
      const reply = await world.ask(maker, 'POST', `/admin/v1/keys/${record.id}/${act}`, asked);
      expect([act, reply.body['code']]).toEqual([act, 'missing_scope']);
    }
  });

  it('is bound by the limits of the keys above its own too', async () => {
    const parent = await world.key({ scopes: ['admin'], limits: { tokens_per_day: 100 } });
    const child = await world.ports.keys.derive(parent.record.id, { name: 'child' }, OPERATOR.actor);
    expect(child.record.limits).toEqual({});
    const maker = holderOf(child.record);
    const more = await world.ask(maker, 'POST', '/admin/v1/keys', { body: { name: 'k' } });
    expect(more.body['code']).toBe('missing_scope');
    const body = { name: 'k', limits: { tokens_per_day: 100 } };
    expect((await world.ask(maker, 'POST', '/admin/v1/keys', { body })).status).toBe(201);
    const own = await world.ask(maker, 'PATCH', `/admin/v1/keys/${maker.keyId}`, { body: { name: 'renamed' } });
    expect(own.status).toBe(200);
  });
});

describe('limits of an owner', () => {
  it('are set before there is a key, replaced, and taken away', async () => {
    const set = await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/new', { body: { limits: { tokens_per_day: 5 } } });
    expect(set.body).toMatchObject({
      name: 'new',
      disabled: false,
      limits: { tokens_per_day: 5 },
      keys: 0,
      streams_ended: 0,
    });
    expect(world.stores.keys.directory.ownerLimits('new')).toEqual({ tokens_per_day: 5 });
    await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners', { body: { name: 'new', limits: { weight: 2 } } });
    expect(await limitsOf('new')).toEqual({ weight: 2 });
    await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/new', { body: { limits: {} } });
    expect(world.stores.keys.directory.ownerLimits('new')).toBeNull();
  });

  it('go with a switch in one change, which asks for a key of the owner', async () => {
    const body = { disabled: true, limits: { tokens_per_day: 5 } };
    expect((await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/dora', { body })).status).toBe(404);
    expect(world.stores.keys.directory.ownerLimits('dora')).toBeNull();
    await world.key({ owner: 'dora' });
    expect((await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/dora', { body })).body).toMatchObject({
      ...body,
      keys: 1,
    });
    expect((await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/dora', { body: {} })).status).toBe(400);
  });

  it('are not changed by a key of that owner, by one of another, or with keys:revoke alone', async () => {
    await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/erin', { body: { limits: { tokens_per_day: 5 } } });
    const revoker = holderOf((await world.key({ scopes: ['keys:revoke'] })).record);
    for (const caller of [await administrator({}, 'erin'), await administrator({}, 'bob'), revoker]) {
      const reply = await world.ask(caller, 'PATCH', '/admin/v1/owners/erin', { body: { limits: {} } });
      expect([403, 404]).toContain(reply.status);
    }
    expect(await limitsOf('erin')).toEqual({ tokens_per_day: 5 });
  });

  it('are loosened by nobody beyond his own', async () => {
    const maker = await administrator({ tokens_per_day: 100 });
    const set = (limits: object): Promise<{ status: number }> =>
      world.ask(maker, 'PATCH', '/admin/v1/owners/fred', { body: { limits } });
    expect((await set({ tokens_per_day: 101 })).status).toBe(403);
    expect((await set({})).status).toBe(403);
    expect((await set({ tokens_per_day: 100 })).status).toBe(200);
    await world.ask(OPERATOR, 'PATCH', '/admin/v1/owners/fred', { body: { limits: { tokens_per_day: 500 } } });
    expect((await set({ tokens_per_day: 100 })).status).toBe(403);
  });
});
