import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore } from './opened.js';

const POISONS: [what: string, sql: string][] = [
  ['an unknown state', `UPDATE keys SET state = 'super-active' WHERE id = ?`],
  ['an empty state', `UPDATE keys SET state = '' WHERE id = ?`],
  ['scopes that are no JSON', `UPDATE keys SET scopes = '["infer"' WHERE id = ?`],
  ['scopes that are no list', `UPDATE keys SET scopes = '{"infer":1}' WHERE id = ?`],
  ['scopes of numbers', `UPDATE keys SET scopes = '[1]' WHERE id = ?`],
  ['model patterns as bytes', `UPDATE keys SET models = x'00ff' WHERE id = ?`],
  ['address ranges of null', `UPDATE keys SET allow_ips = 'null' WHERE id = ?`],
  ['limits that are a list', `UPDATE keys SET limits = '[]' WHERE id = ?`],
  ['attributes of texts', `UPDATE keys SET attributes = '{"roles":"admin"}' WHERE id = ?`],
  ['an expiry that is text', `UPDATE keys SET expires_at = 'tomorrow' WHERE id = ?`],
  ['an expiry with a fraction', `UPDATE keys SET expires_at = 1.5 WHERE id = ?`],
  ['an owner that is bytes', `UPDATE keys SET owner = x'01' WHERE id = ?`],
  ['a parent that is bytes', `UPDATE keys SET parent_id = x'01' WHERE id = ?`],
  ['an id of the parent that is empty', `UPDATE keys SET parent_id = '' WHERE id = ?`],
  ['an odd mark of import', `UPDATE keys SET imported = x'01' WHERE id = ?`],
  ['a short digest', `UPDATE secrets SET digest = x'0102' WHERE key_id = ?`],
  ['a digest that is text', `UPDATE secrets SET digest = 'abc' WHERE key_id = ?`],
  ['an unknown kind of digest', `UPDATE secrets SET verifier = 'rot13' WHERE key_id = ?`],
  ['no secret at all', `DELETE FROM secrets WHERE key_id = ?`],
];

describe('a record that cannot be read', () => {
  it.each(POISONS)('with %s is denied, told, and can be revoked, while all others work', async (_what, sql) => {
    const dir = freshDirectory();
    const store = await openStore(dir);
    const bad = await store.life.create({ name: 'bad' }, OPERATOR);
    const good = await store.life.create({ name: 'good' }, OPERATOR);
    const child = await store.life.derive(bad.record.id, { name: 'child' }, OPERATOR);
    await store.close();

    const database = openSqlite(join(dir, 'keyporter.db'), { file: 'existing' });
    database.prepare(sql).run(bad.record.id);
    database.close();

    const reopened = await openStore(dir);
    expect((await reopened.directory.identify(bad.secret.reveal()))?.state).toBeUndefined();
    expect((await reopened.directory.identify(good.secret.reveal()))?.state).toBe('active');
    expect((await reopened.directory.identify(child.secret.reveal()))?.ancestorsAlive).toBe(false);
    expect(reopened.warnings.filter((warning) => warning.includes(bad.record.id))).toHaveLength(1);
    expect((await reopened.life.list({}, { limit: 10 })).data).toHaveLength(3);
    expect((await reopened.life.list({ label: { name: 'a', value: 'b' } }, { limit: 10 })).data).toEqual([]);
    const { revoked } = await reopened.life.revoke({ ids: [bad.record.id] }, null, OPERATOR);
    expect(revoked.toSorted()).toEqual([bad.record.id, child.record.id].toSorted());
    expect((await reopened.life.create({ name: 'new' }, OPERATOR)).record.state).toBe('active');
    await reopened.close();
  });
});
