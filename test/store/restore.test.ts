import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import type { OpenedKeyStore } from '../../src/storage/key-store.js';
import { lock } from '../../src/storage/data-directory.js';
import { restore, type RestoreResult } from '../../src/storage/restore.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore, refusalOf } from './opened.js';

const PAGE = 4096;

let dir: string;
let file: string;

beforeEach(() => {
  dir = freshDirectory();
  file = join(freshDirectory(), 'backup.db');
});

function restoreHere(): Promise<RestoreResult> {
  return restore({ file, dir, clock: systemClock, actor: OPERATOR });
}

async function using<T>(work: (store: OpenedKeyStore) => Promise<T>): Promise<T> {
  const store = await openStore(dir);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

describe('a backup', () => {
  it('is a whole store of its moment, made while changes go on, for its owner only', async () => {
    await using(async (store) => {
      for (let n = 0; n < 100; n++) await store.life.create({ name: `k${n}` }, OPERATOR);
      const [made] = await Promise.all([
        store.backup(file),
        ...Array.from({ length: 100 }, () => store.life.create({ name: 'meanwhile' }, OPERATOR)),
      ]);
      expect(made.file).toBe(file);
      expect(made.keys).toBeGreaterThanOrEqual(100);
      expect(made.bytes).toBe(statSync(file).size);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect((await refusalOf(store.backup(file))).code).toBe('conflict');
      expect((await refusalOf(store.backup('/nowhere/at/all.db'))).code).toBe('invalid_value');
    });
    dir = freshDirectory();
    const result = await restoreHere();
    await using(async (store) => {
      expect(store.directory.size).toBe(result.restored);
      expect(await store.audit.verify()).toMatchObject({ intact: true });
    });
  });
});

describe('restoring an older backup', () => {
  it('revives no revoked key, disables what changed, and names what is missing', async () => {
    const kept = await using(async (store) => {
      const make = (name: string) => store.life.create({ name, owner: name }, OPERATOR);
      const keys = {
        same: await make('same'),
        revoked: await make('revoked'),
        rotated: await make('rotated'),
        narrowed: await make('narrowed'),
        switched: await make('switched'),
      };
      await store.life.setOwner('same', { limits: { tokens_per_day: 900 } }, OPERATOR);
      const child = await store.life.derive(keys.revoked.record.id, { name: 'child' }, OPERATOR);
      await store.backup(file);
      await store.life.revoke({ ids: [keys.revoked.record.id] }, 'stolen', OPERATOR);
      await store.life.rotate(keys.rotated.record.id, 0, OPERATOR);
      await store.life.update(keys.narrowed.record.id, { scopes: ['infer:chat'] }, OPERATOR);
      await store.life.setOwner('switched', { disabled: true }, OPERATOR);
      await store.life.setOwner('same', { limits: { tokens_per_day: 5 } }, OPERATOR);
      return { ...keys, child, later: await make('later') };
    });

    const result = await restoreHere();
    expect(result).toMatchObject({ restored: 6, compared: true, missing: [kept.later.record.id] });
    expect(result.revoked.toSorted()).toEqual([kept.revoked.record.id, kept.child.record.id].toSorted());
    expect(result.disabled.toSorted()).toEqual([kept.rotated.record.id, kept.narrowed.record.id].toSorted());
    expect(existsSync(result.keptAside ?? '')).toBe(true);

    await using(async (store) => {
      const state = async (key: { secret: { reveal(): string } }) =>
        (await store.directory.identify(key.secret.reveal()))?.state ?? null;
      expect(await state(kept.same)).toBe('active');
      expect(await state(kept.revoked)).toBe('revoked');
      expect(await state(kept.child)).toBe('revoked');
      expect(await state(kept.rotated)).toBe('disabled');
      expect(await state(kept.narrowed)).toBe('disabled');
      expect(await state(kept.later)).toBeNull();
      expect(store.directory.byId(kept.switched.record.id)?.ownerDisabled).toBe(true);
      expect(store.directory.ownerLimits('same')).toEqual({ tokens_per_day: 5 });
      expect(await store.audit.verify()).toMatchObject({ intact: true });
      const [told] = (await store.audit.list({ limit: 1 }, { action: 'store.restore' })).data;
      expect(told?.details).toMatchObject({ missing: [kept.later.record.id], kept_aside: result.keptAside });
      expect((await refusalOf(store.life.setDisabled(kept.revoked.record.id, false, OPERATOR))).code).toBe('conflict');
    });
  });

  it('revives no revoked key when the present store is damaged or gone, as long as the list of revocations is there', async () => {
    for (const damage of [(db: string) => writeFileSync(db, 'x'.repeat(9000)), (db: string) => truncateSync(db, 0)]) {
      dir = freshDirectory();
      file = join(freshDirectory(), 'backup.db');
      const key = await using(async (store) => {
        const made = await store.life.create({ name: 'k' }, OPERATOR);
        await store.backup(file);
        await store.life.revoke({ ids: [made.record.id] }, null, OPERATOR);
        return made;
      });
      damage(join(dir, 'keyporter.db'));
      const result = await restoreHere();
      expect(result).toMatchObject({ revoked: [key.record.id], compared: false, restored: 1 });
      await using(async (store) =>
        expect((await store.directory.identify(key.secret.reveal()))?.state).toBe('revoked'),
      );
    }
  });

  it('makes no second first key, and revisions never go back', async () => {
    const revision = await using(async (store) => {
      await store.backup(file);
      await store.life.createFirstKey(OPERATOR);
      return store.revision;
    });
    await restoreHere();
    await using(async (store) => {
      expect(await store.life.createFirstKey(OPERATOR)).toBeNull();
      expect(store.revision).toBeGreaterThanOrEqual(revision);
    });
  });
});

describe('a restore is refused, and nothing changes', () => {
  it('while a gateway works on the directory', async () => {
    await using((store) => store.backup(file));
    const held = await lock(dir);
    expect((await refusalOf(restoreHere())).code).toBe('conflict');
    held.release();
    expect((await restoreHere()).restored).toBe(0);
  });

  it('when the backup is damaged, missing, or no store', async () => {
    await using(async (store) => {
      for (let n = 0; n < 50; n++) await store.life.create({ name: `k${n}` }, OPERATOR);
      await store.backup(file);
    });
    const present = readFileSync(join(dir, 'keyporter.db'));
    const whole = readFileSync(file);
    const good = file;
    for (const bad of [`${good}.missing`, join(dir, 'revoked.log')]) {
      file = bad;
      await refusalOf(restoreHere());
    }
    file = `${good}.damaged`;
    for (let page = 0; page < whole.length / PAGE; page++) {
      writeFileSync(file, Buffer.from(whole).fill(0xab, page * PAGE, (page + 1) * PAGE));
      expect((await refusalOf(restoreHere())).code, `page ${page}`).toBe('store_unavailable');
      expect(readFileSync(join(dir, 'keyporter.db')).equals(present), `page ${page}`).toBe(true);
    }
  });
});
