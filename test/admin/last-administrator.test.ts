import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/keys/key.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld } from './admin-world.js';

describe('the last key that can administer keys', () => {
  let world: AdminWorld;
  let root: KeyRecord;
  beforeEach(async () => {
    world = await openAdminWorld();
    root = (await world.key({ scopes: ['admin'], labels: { kind: 'root' } })).record;
    await world.key({ scopes: ['keys:write'] });
    await world.key({ scopes: ['admin'], owner: 'alice' });
  });
  afterEach(() => world.close());

  it.each([
    ['DELETE', '/keys/ROOT', undefined],
    ['POST', '/keys/ROOT/revoke', {}],
    ['POST', '/keys/ROOT/disable', undefined],
    ['POST', '/keys/revoke', { label: { name: 'kind', value: 'root' } }],
    ['PATCH', '/keys/ROOT', { scopes: ['infer'] }],
    ['PATCH', '/keys/ROOT', { owner: 'alice' }],
    ['PATCH', '/keys/ROOT', { expires_at: 4_000_000_000 }],
  ])('cannot end or narrow itself over the API: %s %s %o', async (method, path, body) => {
    const reply = await world.ask(
      holderOf(root),
      method,
      `/admin/v1${path.replace('ROOT', root.id)}`,
      body === undefined ? {} : { body },
    );
    expect(reply.body).toMatchObject({ status: 409, code: 'conflict' });
    expect(await world.ports.keys.get(root.id)).toEqual(root);
  });

  it('cannot end itself as the holder of a key either', async () => {
    expect((await world.ask(holderOf(root, 'me'), 'POST', '/me/revoke', { body: {} })).status).toBe(409);
  });

  it('may be ended by the operator of the machine', async () => {
    expect((await world.ask(OPERATOR, 'DELETE', `/admin/v1/keys/${root.id}`)).status).toBe(200);
  });

  it('may end itself once another one can stand in, but not once that one is expired, disabled or its child', async () => {
    const revoke = () => world.ask(holderOf(root), 'POST', `/admin/v1/keys/${root.id}/revoke`, { body: {} });
    await world.ports.keys.derive(root.id, { name: 'child' }, OPERATOR.actor);
    expect((await revoke()).status).toBe(409);
    const second = (await world.key({ scopes: ['keys:write', 'keys:revoke'] })).record;
    await world.ports.keys.setDisabled(second.id, true, OPERATOR.actor);
    expect((await revoke()).status).toBe(409);
    await world.ports.keys.setDisabled(second.id, false, OPERATOR.actor);
    expect((await revoke()).status).toBe(200);
  });

  it('remains when two administrators end each other at the same moment', async () => {
    const second = (await world.key({ scopes: ['admin'] })).record;
    const replies = await Promise.all([
      world.ask(holderOf(root), 'DELETE', `/admin/v1/keys/${second.id}`),
      world.ask(holderOf(second), 'DELETE', `/admin/v1/keys/${root.id}`),
    ]);
    expect(replies.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([200, 401]);
  });

  it('an owner cannot be switched off with the last administrator among its keys', async () => {
    const alice = (await world.ports.keys.list({ owner: 'alice' }, { limit: 1 })).data[0];
    if (alice === undefined) throw new Error('no key of alice');
    const reply = await world.ask(holderOf(alice), 'PATCH', '/admin/v1/owners/alice', { body: { disabled: true } });
    expect(reply.status).toBe(200);
    await world.ports.keys.setOwner('alice', { disabled: false }, OPERATOR.actor);
    await world.ports.keys.revoke({ ids: [root.id] }, null, OPERATOR.actor);
    expect(
      (await world.ask(holderOf(alice), 'PATCH', '/admin/v1/owners/alice', { body: { disabled: true } })).status,
    ).toBe(409);
  });
});
