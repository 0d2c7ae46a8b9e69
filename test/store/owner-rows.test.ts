import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore } from './opened.js';

/** A closed store with a key of alice and one of bob; alice has limits, bob is switched off. */
async function closedStore(change: readonly string[]): Promise<string> {
  const dir = freshDirectory();
  const store = await openStore(dir);
  for (const owner of ['alice', 'bob']) await store.life.create({ name: owner, owner }, OPERATOR);
  await store.life.setOwner('alice', { limits: { tokens_per_day: 5 } }, OPERATOR);
  await store.life.setOwner('bob', { disabled: true }, OPERATOR);
  await store.close();
  const database = openSqlite(join(dir, 'keyporter.db'), { file: 'existing' });
  for (const statement of change) database.prepare(statement).run();
  database.close();
  return dir;
}

describe('the record of an owner', () => {
  it.each([
    ['that is no JSON', `'{"tokens'`],
    ['that is a list', `'[]'`],
    ['with a limit of text', `'{"tokens_per_day":"many"}'`],
    ['with a limit of 0', `'{"tokens_per_day":0}'`],
    ['with a limit nobody knows', `'{"tokens_per_year":5}'`],
    ['that is bytes', `x'00ff'`],
  ])('%s switches off this owner alone, is told, and can be written anew', async (_what, limits) => {
    const dir = await closedStore([`UPDATE owners SET limits = ${limits} WHERE name = 'alice'`]);
    const store = await openStore(dir);
    expect([store.directory.isOwnerDisabled('alice'), store.directory.ownerLimits('alice')]).toEqual([true, null]);
    expect(store.warnings.filter((warning) => warning.includes('alice'))).toHaveLength(1);
    expect(await store.life.owners()).toMatchObject([{ name: 'alice', disabled: true, limits: {} }, { name: 'bob' }]);
    await store.life.setOwner('alice', { limits: { tokens_per_day: 7 } }, OPERATOR);
    expect(store.directory.isOwnerDisabled('alice')).toBe(false);
    expect(store.directory.ownerLimits('alice')).toEqual({ tokens_per_day: 7 });
    await store.close();
  });

  it('of a store from before owners had limits stays as it is, and can have some', async () => {
    const dir = await closedStore([
      'ALTER TABLE owners DROP COLUMN limits',
      'UPDATE meta SET schema_version = 2, min_reader_version = 1',
    ]);
    const store = await openStore(dir);
    expect([store.directory.isOwnerDisabled('alice'), store.directory.isOwnerDisabled('bob')]).toEqual([false, true]);
    await store.life.setOwner('bob', { limits: { weight: 2 } }, OPERATOR);
    expect([store.directory.isOwnerDisabled('bob'), store.directory.ownerLimits('bob')]).toEqual([true, { weight: 2 }]);
    await store.close();
  });
});
