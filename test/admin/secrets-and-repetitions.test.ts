import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld } from './admin-world.js';

const SECRET = /kp_[A-Za-z0-9]{12}_[A-Za-z0-9]{49}/;

describe('secrets and repeated requests', () => {
  let world: AdminWorld;
  beforeEach(async () => {
    world = await openAdminWorld({}, { self_service: ['revoke', 'rotate', 'derive'] });
  });
  afterEach(() => world.close());

  it('a secret stands in the answers that make one, marked as not to be stored, and in no other', async () => {
    const made = await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'x', owner: 'o' } });
    const id = String(made.body['id']);
    const rotated = await world.ask(OPERATOR, 'POST', `/admin/v1/keys/${id}/rotate`, { body: {} });
    const derived = await world.ask(OPERATOR, 'POST', `/admin/v1/keys/${id}/derive`, { body: { name: 'y' } });
    const record = await world.ports.keys.get(id);
    if (record === null) throw new Error('the key is gone');
    const mine = await world.ask(holderOf(record, 'me'), 'POST', '/me/rotate', { body: {} });
    for (const reply of [made, rotated, derived, mine]) {
      expect(reply.body['key']).toMatch(SECRET);
      expect(reply.headers.get('cache-control')).toBe('no-store');
    }
    for (const path of [
      '/keys',
      `/keys/${id}`,
      '/owners',
      '/audit',
      '/audit/export',
      '/requests',
      '/streams',
      '/models',
      '/status',
      '/config',
      '/openapi.json',
    ]) {
      expect((await world.ask(OPERATOR, 'GET', `/admin/v1${path}`)).text).not.toMatch(SECRET);
    }
    expect((await world.ask(OPERATOR, 'PATCH', `/admin/v1/keys/${id}`, { body: { name: 'z' } })).text).not.toMatch(
      SECRET,
    );
    expect(
      (await world.ask(OPERATOR, 'POST', `/admin/v1/keys/revoke`, { body: { key: mine.body['key'], dry_run: true } }))
        .text,
    ).not.toMatch(SECRET);
    expect(
      (await world.ask(OPERATOR, 'POST', `/admin/v1/keys/revoke`, { body: { key: mine.body['key'] } })).text,
    ).not.toMatch(SECRET);
  });

  it('50 creates with one Idempotency-Key make one key; the others learn its id and never its secret', async () => {
    const headers = { 'idempotency-key': 'once' };
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'x' }, headers })),
    );
    const made = replies.filter((reply) => reply.status === 201);
    expect(made).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 201)) {
      expect(reply.body).toMatchObject({ status: 409, code: 'conflict', key_id: made[0]?.body['id'] });
      expect(reply.text).not.toMatch(SECRET);
    }
    expect((await world.ports.keys.list({}, { limit: 100 })).data).toHaveLength(1);
  });

  it('the same Idempotency-Key for another body, path or caller is not mistaken for a repetition', async () => {
    const headers = { 'idempotency-key': 'k' };
    const { record } = await world.key({ scopes: ['admin'] });
    const create = (caller: typeof OPERATOR, name: string) =>
      world.ask(caller, 'POST', '/admin/v1/keys', { body: { name }, headers });
    expect((await create(OPERATOR, 'a')).status).toBe(201);
    expect((await create(OPERATOR, 'b')).body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await create(holderOf(record), 'a')).status).toBe(201);
  });

  it('a repeated act without a secret gets its first answer again, and a failed one can be tried again', async () => {
    const { record } = await world.key({});
    const revoke = () =>
      world.ask(OPERATOR, 'POST', `/admin/v1/keys/${record.id}/revoke`, {
        body: {},
        headers: { 'idempotency-key': 'r' },
      });
    const first = await revoke();
    expect((await revoke()).text).toBe(first.text);
    const headers = { 'idempotency-key': 'f' };
    expect((await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: '' }, headers })).status).toBe(400);
    expect((await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'good' }, headers })).status).toBe(201);
  });

  it('an Idempotency-Key that is none is refused', async () => {
    expect(
      (
        await world.ask(OPERATOR, 'POST', '/admin/v1/keys', {
          body: { name: 'x' },
          headers: { 'idempotency-key': 'x'.repeat(300) },
        })
      ).status,
    ).toBe(400);
  });
});
