import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore, refusalOf } from './opened.js';

/** A directory with a store of a few keys, closed. */
async function usedDirectory(): Promise<{ dir: string; file: string }> {
  const dir = freshDirectory();
  const store = await openStore(dir);
  for (let n = 0; n < 50; n++) await store.life.create({ name: `k${n}` }, OPERATOR);
  await store.close();
  return { dir, file: join(dir, 'keyporter.db') };
}

function change(file: string, sql: string): void {
  const database = openSqlite(file, { file: 'existing' });
  database.exec(sql);
  database.close();
}

async function expectRefused(dir: string, word: string): Promise<void> {
  const file = join(dir, 'keyporter.db');
  const before = existsSync(file) ? readFileSync(file) : null;
  const refusal = await refusalOf(openStore(dir));
  expect(refusal.code).toBe('store_unavailable');
  expect(refusal.message).toContain(word);
  if (before !== null) expect(readFileSync(file).equals(before)).toBe(true);
  else expect(existsSync(file)).toBe(false);
}

describe('a store that cannot be trusted is refused, and stays as it is', () => {
  it('when it is empty', async () => {
    const { dir, file } = await usedDirectory();
    writeFileSync(file, '');
    await expectRefused(dir, 'empty');
  });

  it('when it is no database', async () => {
    const { dir, file } = await usedDirectory();
    writeFileSync(file, 'I am a text file. '.repeat(1000));
    await expectRefused(dir, 'damaged');
  });

  it('when it holds less than a page of something else', async () => {
    const { dir, file } = await usedDirectory();
    writeFileSync(file, 'short');
    await expectRefused(dir, 'damaged');
  });

  it('when pages of it are overwritten', async () => {
    const { dir, file } = await usedDirectory();
    const bytes = readFileSync(file);
    bytes.fill(0xab, 4096, bytes.length);
    writeFileSync(file, bytes);
    await expectRefused(dir, 'damaged');
  });

  it('when it is cut short', async () => {
    const { dir, file } = await usedDirectory();
    writeFileSync(file, readFileSync(file).subarray(0, 3 * 4096));
    await expectRefused(dir, 'damaged');
  });

  it('when only a newer program may read it', async () => {
    const { dir, file } = await usedDirectory();
    change(file, 'UPDATE meta SET schema_version = 99, min_reader_version = 98');
    await expectRefused(dir, 'newer');
  });

  it.each(["revision = 'many'", "audit_head = x'00'", "salt = x'00'", 'audit_sequence = 1.5'])(
    'when its counters say %s',
    async (poison) => {
      const { dir, file } = await usedDirectory();
      change(file, `UPDATE meta SET ${poison}`);
      await expectRefused(dir, 'damaged');
    },
  );

  it('when it is a database of something else', async () => {
    const dir = freshDirectory();
    const database = openSqlite(join(dir, 'keyporter.db'), { file: 'new' });
    database.exec('CREATE TABLE songs (name TEXT)');
    database.close();
    await expectRefused(dir, 'no Keyporter store');
  });

  it('when it is missing beside the list of revoked keys', async () => {
    const { dir, file } = await usedDirectory();
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
    await expectRefused(dir, 'missing');
  });

  it('when it is a directory', async () => {
    const dir = freshDirectory();
    mkdirSync(join(dir, 'keyporter.db'));
    const refusal = await refusalOf(openStore(dir));
    expect(refusal.code).toBe('store_unavailable');
    expect(statSync(join(dir, 'keyporter.db')).isDirectory()).toBe(true);
  });

  it('when a table of it is missing', async () => {
    const { dir, file } = await usedDirectory();
    change(file, 'PRAGMA foreign_keys = OFF; DROP TABLE secrets');
    await expectRefused(dir, 'damaged');
  });

  it('when the list of revoked keys is something else', async () => {
    const { dir } = await usedDirectory();
    writeFileSync(join(dir, 'revoked.log'), 'not ours\n'.repeat(100));
    expect((await refusalOf(openStore(dir))).message).toContain('revoked.log');
  });
});

describe('a store of another schema', () => {
  it('opens when a newer program left it readable for this one', async () => {
    const { dir, file } = await usedDirectory();
    change(file, 'UPDATE meta SET schema_version = 99');
    const store = await openStore(dir);
    expect(store.directory.size).toBe(50);
    await store.close();
  });
});

describe('every file of the store', () => {
  it('is for its owner only', async () => {
    const { dir } = await usedDirectory();
    const store = await openStore(dir);
    await store.life.create({ name: 'k' }, OPERATOR);
    for (const name of ['keyporter.db', 'keyporter.db-wal', 'keyporter.db-shm', 'revoked.log'])
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    await store.close();
  });
});
