import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.js';
import type { LimitSettings } from '../../src/core/limits.js';
import type { KeyState } from '../../src/keys/key.js';
import type { OpenedKeyStore } from '../../src/storage/key-store.js';
import { freshDirectory } from './fresh-directory.js';
import { KnownUses, OPERATOR, SetClock, openStore, refusalOf } from './opened.js';

let store: OpenedKeyStore;
let clock: SetClock;
let uses: KnownUses;
let dir: string;

beforeEach(async () => {
  clock = new SetClock();
  uses = new KnownUses();
  dir = freshDirectory();
  store = await openStore(dir, { clock, lastUse: uses });
});

afterEach(() => store.close());

async function reopen(): Promise<void> {
  await store.close();
  store = await openStore(dir, { clock, lastUse: uses });
}

async function stateOf(secret: Secret): Promise<KeyState | null> {
  return (await store.directory.identify(secret.reveal()))?.state ?? null;
}

describe('making keys', () => {
  it('a new key is known at once and after a restart, with what was asked for', async () => {
    const asked = {
      name: 'one',
      owner: 'alice',
      scopes: ['infer:chat'],
      models: ['q*'],
      allowIps: ['10.1.0.0/16', '::1'],
      labels: { team: 'a' },
      attributes: { roles: ['x'] },
    };
    const { record, secret } = await store.life.create({ ...asked, expiresAt: clock.seconds + 60 }, OPERATOR);
    const policy = {
      owner: 'alice',
      scopes: ['infer:chat'],
      models: ['q*'],
      allowIps: ['10.1.0.0/16', '::1/128'],
      limits: {},
      attributes: { roles: ['x'] },
    };
    expect(record).toMatchObject({
      ...policy,
      name: 'one',
      labels: { team: 'a' },
      state: 'active',
      createdBy: OPERATOR.id,
      expiresAt: clock.seconds + 60,
      prefix: `kp_${record.id}`,
    });
    expect(await store.directory.identify(secret.reveal())).toMatchObject({
      id: record.id,
      policy,
      expiresAt: clock.seconds + 60,
    });
    await reopen();
    expect(await store.life.get(record.id)).toEqual(record);
    expect(await store.directory.identify(secret.reveal())).toMatchObject({ id: record.id, policy });
  });

  it('the first key is made once, even when all keys are gone', async () => {
    const first = await store.life.createFirstKey(OPERATOR);
    expect(first?.record).toMatchObject({ name: 'first key', scopes: ['infer'] });
    await store.life.revoke({ ids: [first?.record.id ?? ''] }, null, OPERATOR);
    expect(await store.life.createFirstKey(OPERATOR)).toBeNull();
    await reopen();
    expect(await store.life.createFirstKey(OPERATOR)).toBeNull();
  });

  it('many starts at once make one first key', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => store.life.createFirstKey(OPERATOR)));
    expect(made.filter((key) => key !== null)).toHaveLength(1);
  });

  it('a bad value is refused by name and makes nothing', async () => {
    const bad: [object, string][] = [
      [{ scopes: ['nonsense'] }, 'nonsense'],
      [{ allowIps: ['10.0.0.0/33'] }, '10.0.0.0/33'],
      [{ limits: { tokens_per_day: 0 } }, 'whole number'],
      [{ limits: { tokens_per_dya: 5 } }, 'Did you mean "tokens_per_day"?'],
      [{ expiresAt: 0 }, 'future'],
    ];
    for (const [members, word] of bad) {
      const refusal = await refusalOf(store.life.create({ name: 'x', ...members }, OPERATOR));
      expect(refusal).toMatchObject({ code: 'invalid_value', message: expect.stringContaining(word) as string });
    }
    expect(store.directory.size).toBe(0);
    expect((await store.audit.list({ limit: 10 })).data).toEqual([]);
  });
});

describe('derived keys', () => {
  it('a child holds what its parent holds unless told otherwise, and never more', async () => {
    const parent = await store.life.create(
      {
        name: 'p',
        owner: 'alice',
        scopes: ['infer'],
        models: ['a*'],
        expiresAt: clock.seconds + 100,
        attributes: { roles: ['r'] },
      },
      OPERATOR,
    );
    const child = await store.life.derive(parent.record.id, { name: 'c' }, OPERATOR);
    expect(child.record).toMatchObject({
      owner: 'alice',
      scopes: ['infer'],
      models: ['a*'],
      expiresAt: clock.seconds + 100,
      parentId: parent.record.id,
      attributes: { roles: ['r'] },
    });
    const more: object[] = [
      { scopes: ['admin'] },
      { models: ['b'] },
      { expiresAt: clock.seconds + 101 },
      { expiresAt: null },
      { attributes: { roles: ['admin'] } },
      { owner: 'bob' },
    ];
    for (const members of more) {
      expect((await refusalOf(store.life.derive(parent.record.id, { name: 'd', ...members }, OPERATOR))).code).toBe(
        'invalid_value',
      );
      expect((await refusalOf(store.life.update(child.record.id, members, OPERATOR))).code).toBe('invalid_value');
    }
  });

  it('nothing is derived from a disabled, revoked or expired key, or below one', async () => {
    const top = await store.life.create({ name: 'top', expiresAt: clock.seconds + 100 }, OPERATOR);
    const middle = await store.life.derive(top.record.id, { name: 'middle' }, OPERATOR);
    await store.life.setDisabled(top.record.id, true, OPERATOR);
    for (const id of [top.record.id, middle.record.id])
      expect((await refusalOf(store.life.derive(id, { name: 'x' }, OPERATOR))).code).toBe('conflict');
    await store.life.setDisabled(top.record.id, false, OPERATOR);
    clock.seconds += 100;
    expect((await refusalOf(store.life.derive(top.record.id, { name: 'x' }, OPERATOR))).code).toMatch(
      /conflict|invalid_value/,
    );
  });

  it('chains end at eight ancestors', async () => {
    let { id } = (await store.life.create({ name: 'k0' }, OPERATOR)).record;
    for (let depth = 1; depth <= 8; depth++)
      ({ id } = (await store.life.derive(id, { name: `k${depth}` }, OPERATOR)).record);
    expect(store.directory.byId(id)).toMatchObject({ ancestorsAlive: true });
    expect((await refusalOf(store.life.derive(id, { name: 'too deep' }, OPERATOR))).code).toBe('conflict');
  });

  it('revoking a key ends everything derived from it', async () => {
    const top = await store.life.create({ name: 'top' }, OPERATOR);
    const child = await store.life.derive(top.record.id, { name: 'child' }, OPERATOR);
    const grandchild = await store.life.derive(child.record.id, { name: 'grandchild' }, OPERATOR);
    const result = await store.life.revoke({ ids: [top.record.id] }, 'gone', OPERATOR);
    expect(result.revoked.toSorted()).toEqual([top, child, grandchild].map((key) => key.record.id).toSorted());
    expect(result.children.toSorted()).toEqual([child, grandchild].map((key) => key.record.id).toSorted());
    for (const key of [top, child, grandchild]) expect(await stateOf(key.secret)).toBe('revoked');
  });
});

describe('rotation', () => {
  it('keeps the id; the old secret works until the overlap ends and then no more', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    const rotated = await store.life.rotate(key.record.id, 60, OPERATOR);
    expect(rotated.record).toMatchObject({
      id: key.record.id,
      previous: { expiresAt: clock.seconds + 60, lastUsedAt: null },
      rotatedAt: clock.seconds,
    });
    expect(await store.directory.identify(key.secret.reveal())).toMatchObject({
      id: key.record.id,
      secretSlot: 'previous',
      secretExpiresAt: clock.seconds + 60,
    });
    expect(await store.directory.identify(rotated.secret.reveal())).toMatchObject({ secretSlot: 'current' });
    uses.touch(key.record.id, 'previous', clock.seconds + 5);
    expect((await store.life.get(key.record.id))?.previous).toEqual({
      expiresAt: clock.seconds + 60,
      lastUsedAt: clock.seconds + 5,
    });
    clock.seconds += 60;
    expect(await store.directory.identify(key.secret.reveal())).toBeNull();
  });

  it('with overlap 0 the old secret ends at once, also after a restart', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    const rotated = await store.life.rotate(key.record.id, 0, OPERATOR);
    expect(rotated.record.previous).toBeNull();
    await reopen();
    expect(await store.directory.identify(key.secret.reveal())).toBeNull();
    expect(await stateOf(rotated.secret)).toBe('active');
  });

  it('a second rotation ends the secret before the last one', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    const second = await store.life.rotate(key.record.id, 600, OPERATOR);
    const third = await store.life.rotate(key.record.id, 600, OPERATOR);
    expect(await stateOf(key.secret)).toBeNull();
    expect(await stateOf(second.secret)).toBe('active');
    expect(await stateOf(third.secret)).toBe('active');
  });

  it('is refused for revoked and expired keys and for an overlap out of bounds', async () => {
    const key = await store.life.create({ name: 'k', expiresAt: clock.seconds + 10 }, OPERATOR);
    for (const overlap of [-1, 604_801, 1.5])
      expect((await refusalOf(store.life.rotate(key.record.id, overlap, OPERATOR))).code).toBe('invalid_value');
    clock.seconds += 10;
    expect((await refusalOf(store.life.rotate(key.record.id, 0, OPERATOR))).message).toContain('expired');
    await store.life.revoke({ ids: [key.record.id] }, null, OPERATOR);
    expect((await refusalOf(store.life.rotate(key.record.id, 0, OPERATOR))).message).toContain('final');
  });
});

describe('revocation', () => {
  it('is final and idempotent', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    uses.touch(key.record.id, 'current', 77);
    expect(await store.life.revoke({ ids: [key.record.id] }, 'lost', OPERATOR)).toEqual({
      revoked: [key.record.id],
      children: [],
      lastUsedAt: 77,
    });
    expect((await store.life.revoke({ ids: [key.record.id] }, 'again', OPERATOR)).revoked).toEqual([]);
    expect(await store.life.get(key.record.id)).toMatchObject({
      state: 'revoked',
      revokeReason: 'lost',
      revokedAt: clock.seconds,
    });
    for (const act of [
      store.life.setDisabled(key.record.id, false, OPERATOR),
      store.life.update(key.record.id, { name: 'x' }, OPERATOR),
    ]) {
      expect((await refusalOf(act)).code).toBe('conflict');
    }
    await reopen();
    expect(await stateOf(key.secret)).toBe('revoked');
  });

  it('finds keys by owner, by label and by either of their secrets', async () => {
    const make = (name: string, members: object) => store.life.create({ name, ...members }, OPERATOR);
    const [a, b, c] = [
      await make('a', { owner: 'o' }),
      await make('b', { labels: { team: 'x' } }),
      await make('c', {}),
    ];
    const rotated = await store.life.rotate(c.record.id, 60, OPERATOR);
    expect((await store.life.revoke({ owner: 'o' }, null, OPERATOR)).revoked).toEqual([a.record.id]);
    expect((await store.life.revoke({ label: { name: 'team', value: 'x' } }, null, OPERATOR)).revoked).toEqual([
      b.record.id,
    ]);
    expect((await store.life.findRevocable({ secret: c.secret })).map((key) => key.id)).toEqual([c.record.id]);
    expect((await store.life.revoke({ secret: c.secret }, null, OPERATOR)).revoked).toEqual([c.record.id]);
    expect(await stateOf(rotated.secret)).toBe('revoked');
  });

  it('with one unknown id in the list does nothing at all', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    expect((await refusalOf(store.life.revoke({ ids: [key.record.id, 'unknown00000'] }, null, OPERATOR))).code).toBe(
      'not_found',
    );
    expect(await stateOf(key.secret)).toBe('active');
    expect(
      (await refusalOf(store.life.revoke({ secret: new Secret(`${key.secret.reveal()}x`) }, null, OPERATOR))).code,
    ).toBe('not_found');
  });

  it('wins over everything that happens to the same key at the same time', async () => {
    const key = await store.life.create({ name: 'k' }, OPERATOR);
    const { id } = key.record;
    const acts = Array.from({ length: 50 }, (_, n) => {
      if (n === 25) return store.life.revoke({ ids: [id] }, null, OPERATOR);
      if (n % 4 === 0) return store.life.rotate(id, 60, OPERATOR);
      if (n % 4 === 1) return store.life.setDisabled(id, n % 8 === 1, OPERATOR);
      if (n % 4 === 2) return store.life.update(id, { name: `n${n}` }, OPERATOR);
      return store.life.derive(id, { name: `d${n}` }, OPERATOR);
    });
    const outcomes = await Promise.allSettled(acts);
    expect(
      outcomes.filter(
        (outcome) => outcome.status === 'rejected' && (outcome.reason as { code?: string }).code !== 'conflict',
      ),
    ).toEqual([]);
    expect((await store.life.get(id))?.state).toBe('revoked');
    for (const child of (await store.life.list({ parentId: id }, { limit: 100 })).data)
      expect(child.state).toBe('revoked');
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });
});

describe('owners', () => {
  it('an owner switched off switches off all his keys, and survives a restart', async () => {
    const key = await store.life.create({ name: 'k', owner: 'alice' }, OPERATOR);
    expect(await store.life.setOwner('alice', { disabled: true }, OPERATOR)).toMatchObject({
      name: 'alice',
      disabled: true,
      keys: 1,
    });
    expect(store.directory.byId(key.record.id)?.ownerDisabled).toBe(true);
    await reopen();
    expect(store.directory.byId(key.record.id)?.ownerDisabled).toBe(true);
    await store.life.setOwner('alice', { disabled: false }, OPERATOR);
    expect(store.directory.byId(key.record.id)?.ownerDisabled).toBe(false);
    const newcomer = await store.life.setOwner('newcomer', { disabled: true }, OPERATOR);
    expect(newcomer).toMatchObject({ disabled: true, keys: 0 });
    const first = await store.life.create({ name: 'k', owner: 'newcomer' }, OPERATOR);
    expect(store.directory.byId(first.record.id)?.ownerDisabled).toBe(true);
  });

  it('limits of an owner are in memory with the answer, with or without keys, and survive a restart', async () => {
    const limits = { tokens_per_day: 5, requests_per_day: null, weight: 2 };
    expect(store.directory.ownerLimits('alice')).toBeNull();
    expect(await store.life.setOwner('alice', { limits }, OPERATOR)).toMatchObject({ limits, keys: 0 });
    expect(store.directory.ownerLimits('alice')).toEqual(limits);
    await reopen();
    expect(store.directory.ownerLimits('alice')).toEqual(limits);
    await store.life.create({ name: 'k', owner: 'alice' }, OPERATOR);
    await store.life.setOwner('alice', { disabled: true }, OPERATOR);
    expect(await store.life.owners()).toMatchObject([{ name: 'alice', disabled: true, limits, keys: 1 }]);
    await store.life.setOwner('alice', { limits: {} }, OPERATOR);
    expect(store.directory.ownerLimits('alice')).toBeNull();
    expect(store.directory.isOwnerDisabled('alice')).toBe(true);
  });

  it('a change of an owner that cannot be meant is refused and changes nothing', async () => {
    for (const limits of [{ weight: 0 }, { tokens_per_day: 1.5 }, { tokens: 5 }, { priority: 'urgent' }]) {
      const change = { limits: limits as LimitSettings };
      expect((await refusalOf(store.life.setOwner('alice', change, OPERATOR))).code).toBe('invalid_value');
    }
    expect((await refusalOf(store.life.setOwner('alice', {}, OPERATOR))).code).toBe('invalid_value');
    expect(await store.life.owners()).toEqual([]);
  });

  it('what limits of an owner were and are stands in the audit trail', async () => {
    await store.life.setOwner('alice', { limits: { tokens_per_day: 5 } }, OPERATOR);
    await store.life.setOwner('alice', { limits: { tokens_per_day: 9 } }, OPERATOR);
    const [latest] = (await store.audit.list({ limit: 1 })).data;
    expect(latest).toMatchObject({ action: 'owner.update', target: 'owner:alice' });
    expect(latest?.details).toEqual({
      before: { limits: { tokens_per_day: 5 } },
      after: { limits: { tokens_per_day: 9 } },
    });
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });
});

describe('lists', () => {
  it('pages show every key once, oldest first, whatever is filtered', async () => {
    // The search looks at ids too, which are random: a name with a blank is in none of them.
    for (let n = 0; n < 25; n++) {
      await store.life.create(
        { name: `box ${n}`, owner: n % 2 === 0 ? 'even' : 'odd', expiresAt: n < 5 ? clock.seconds + 1000 : null },
        OPERATOR,
      );
      clock.seconds += n % 3;
    }
    const names = async (filter: object): Promise<string[]> => {
      const seen: string[] = [];
      let page = await store.life.list(filter, { limit: 4 });
      for (
        seen.push(...page.data.map((key) => key.name));
        page.next !== null;
        seen.push(...page.data.map((key) => key.name))
      ) {
        page = await store.life.list(filter, { limit: 4, after: page.next });
      }
      return seen;
    };
    const all = await names({});
    expect(all.toSorted()).toEqual(Array.from({ length: 25 }, (_, n) => `box ${n}`).toSorted());
    expect(await names({ owner: 'odd' })).toHaveLength(12);
    expect(await names({ expiringSeconds: 2000 })).toHaveLength(5);
    expect(await names({ search: 'BOX 1' })).toHaveLength(11);
    const used = (await store.life.list({ search: 'box 7' }, { limit: 1 })).data[0];
    uses.touch(used?.id ?? '', 'current', clock.seconds);
    expect(await names({ unusedForSeconds: 10 })).not.toContain('box 7');
    expect((await refusalOf(store.life.list({}, { limit: 4, after: 'nonsense' }))).code).toBe('invalid_value');
  });
});

describe('the audit trail', () => {
  it('has a row for every change, holds no secret, and shows tampering', async () => {
    const key = await store.life.create({ name: 'k' }, { id: 'abc', address: '10.0.0.1', requestId: 'req_1' });
    await store.life.update(key.record.id, { name: 'renamed' }, OPERATOR);
    const rotated = await store.life.rotate(key.record.id, 5, OPERATOR);
    await store.life.setDisabled(key.record.id, true, OPERATOR);
    await store.life.revoke({ ids: [key.record.id] }, 'why', OPERATOR);
    await store.audit.record({
      actor: 'abc',
      address: null,
      requestId: null,
      action: 'key.create',
      target: 'key:',
      result: 'refused missing_scope',
      details: { scope: 'admin' },
    });
    const { data } = await store.audit.list({ limit: 100 });
    expect(data.map((row) => row.action)).toEqual([
      'key.create',
      'key.revoke',
      'key.disable',
      'key.rotate',
      'key.update',
      'key.create',
    ]);
    expect(data[4]?.details).toEqual({ before: { name: 'k' }, after: { name: 'renamed' } });
    expect(data.at(-1)).toMatchObject({
      actor: 'abc',
      address: '10.0.0.1',
      requestId: 'req_1',
      result: 'done',
      target: `key:${key.record.id}`,
    });
    expect(JSON.stringify(data)).not.toContain(rotated.secret.reveal().slice(16, 40));
    const verdict = await store.audit.verify();
    expect(verdict).toMatchObject({ intact: true, entries: 6, brokenAt: null });
    expect(await store.audit.verify({ sequence: 3, hash: data[3]?.hash ?? '' })).toMatchObject({ intact: true });
    expect(await store.audit.verify({ sequence: 3, hash: data[2]?.hash ?? '' })).toMatchObject({
      intact: false,
      brokenAt: 3,
    });
  });
});
