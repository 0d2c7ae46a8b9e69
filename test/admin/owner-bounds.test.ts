import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCaller } from '../../src/admin/caller.js';
import type { KeyRecord } from '../../src/keys/key.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld, runningRequest } from './admin-world.js';

describe('an administrator bound to an owner', () => {
  let world: AdminWorld;
  let alice: AdminCaller;
  let own: KeyRecord;
  let foreign: KeyRecord;
  let foreignSecret: string;

  beforeAll(async () => {
    world = await openAdminWorld();
    alice = holderOf((await world.key({ owner: 'alice', scopes: ['admin'] })).record);
    own = (await world.key({ owner: 'alice', name: 'own', labels: { team: 'blue' } })).record;
    const other = await world.key({ owner: 'bob', name: 'foreign', labels: { team: 'blue' } });
    foreign = other.record;
    foreignSecret = other.secret;
    await world.key({ owner: null, name: 'nobody’s' });
  });
  afterAll(() => world.close());

  it.each([
    ['GET', '', undefined],
    ['PATCH', '', { name: 'mine' }],
    ['DELETE', '', undefined],
    ['POST', '/rotate', {}],
    ['POST', '/revoke', {}],
    ['POST', '/disable', undefined],
    ['POST', '/enable', undefined],
    ['POST', '/derive', { name: 'child' }],
  ])(
    'gets the same answer for the key of another owner as for one that does not exist: %s %s',
    async (method, act, body) => {
      const asked = body === undefined ? {} : { body };
      const theirs = await world.ask(alice, method, `/admin/v1/keys/${foreign.id}${act}`, asked);
      const none = await world.ask(alice, method, `/admin/v1/keys/AAAAAAAAAAAA${act}`, asked);
      expect([theirs.status, theirs.text]).toEqual([404, none.text]);
      expect((await world.ports.keys.get(foreign.id))?.updatedAt).toBe(foreign.updatedAt);
      expect((await world.ports.keys.get(foreign.id))?.state).toBe('active');
    },
  );

  it('leaves a trace of the attempt that tells the operator what was behind it', async () => {
    await world.ask(alice, 'DELETE', `/admin/v1/keys/${foreign.id}`);
    const audit = await world.ask(OPERATOR, 'GET', `/admin/v1/audit?target=key:${foreign.id}&limit=1`);
    expect((audit.body['data'] as unknown[])[0]).toMatchObject({
      actor: alice.actor.id,
      action: 'key.revoke',
      result: 'refused: not_found',
      details: { reason: 'the key belongs to another owner' },
    });
  });

  it('lists keys, owners, requests and streams of that owner alone, whatever the filter says', async () => {
    world.running.push(runningRequest(own.id, 'alice'), runningRequest(foreign.id, 'bob'));
    const owners = async (path: string): Promise<unknown[]> =>
      ((await world.ask(alice, 'GET', path)).body['data'] as { owner?: string; name?: string }[]).map(
        (row) => row.owner ?? row.name,
      );
    expect(new Set(await owners('/admin/v1/keys'))).toEqual(new Set(['alice']));
    expect(await owners('/admin/v1/keys?owner=bob')).toEqual([]);
    expect(new Set(await owners('/admin/v1/keys?label=team%3Dblue'))).toEqual(new Set(['alice']));
    expect(new Set(await owners('/admin/v1/keys?search=foreign'))).toEqual(new Set());
    expect(await owners('/admin/v1/owners')).toEqual(['alice']);
    expect(await owners('/admin/v1/streams')).toEqual(['alice']);
    expect(await owners('/admin/v1/requests?owner=bob')).toEqual([]);
    expect((await world.ask(alice, 'DELETE', `/admin/v1/streams/req_${foreign.id}`)).status).toBe(404);
    expect((await world.ask(alice, 'DELETE', `/admin/v1/streams/req_${own.id}`)).status).toBe(200);
    expect(world.running.map((one) => one.owner)).toEqual(['bob']);
  });

  it('makes keys of that owner, named or not, and of nobody else', async () => {
    expect((await world.ask(alice, 'POST', '/admin/v1/keys', { body: { name: 'a' } })).body['owner']).toBe('alice');
    expect((await world.ask(alice, 'POST', '/admin/v1/keys', { body: { name: 'a', owner: null } })).body['owner']).toBe(
      'alice',
    );
    expect((await world.ask(alice, 'POST', '/admin/v1/keys', { body: { name: 'a', owner: 'bob' } })).body['code']).toBe(
      'missing_scope',
    );
    expect((await world.ask(alice, 'PATCH', `/admin/v1/keys/${own.id}`, { body: { owner: 'bob' } })).body['code']).toBe(
      'missing_scope',
    );
    expect((await world.ask(alice, 'PATCH', `/admin/v1/keys/${own.id}`, { body: { owner: null } })).body['code']).toBe(
      'missing_scope',
    );
  });

  it('revokes by label only what is within reach, and by a foreign secret or owner nothing', async () => {
    const revoke = (body: object) => world.ask(alice, 'POST', '/admin/v1/keys/revoke', { body });
    expect((await revoke({ owner: 'bob' })).status).toBe(404);
    expect((await revoke({ key: foreignSecret })).status).toBe(404);
    expect((await revoke({ label: { name: 'team', value: 'blue' } })).body['revoked']).toEqual([own.id]);
    expect((await world.ports.keys.get(foreign.id))?.state).toBe('active');
  });

  it('switches off no other owner, and explains no key of another', async () => {
    expect((await world.ask(alice, 'PATCH', '/admin/v1/owners/bob', { body: { disabled: true } })).status).toBe(404);
    const explain = (body: object) =>
      world.ask(alice, 'POST', '/admin/v1/explain', { body: { method: 'GET', path: '/v1/models', ...body } });
    expect((await explain({ key_id: foreign.id })).status).toBe(404);
    expect((await explain({ key: foreignSecret })).status).toBe(404);
    expect((await explain({ key_id: alice.keyId })).status).toBe(200);
  });
});
