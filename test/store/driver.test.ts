import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { sqliteFault } from '../../src/storage/sqlite/faults.js';
import { freshDirectory } from './fresh-directory.js';

const ENGINE = `const { DatabaseSync } = process.getBuiltinModule?.('node:sqlite') ?? require('@photostructure/sqlite');`;

function fresh(): string {
  return join(freshDirectory(), 'test.db');
}

describe('a SQLite file', () => {
  it('is durable at every commit, on the first opening and on every later one', () => {
    const file = fresh();
    for (let opening = 0; opening < 3; opening++) {
      const database = openSqlite(file, { file: 'either' });
      expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
      expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
      database.exec('CREATE TABLE IF NOT EXISTS t (n)');
      database.prepare('INSERT INTO t VALUES (?)').run(opening);
      expect(database.prepare('SELECT count(*) AS n FROM t').get()).toMatchObject({ n: opening + 1 });
      database.close();
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is made, or must be there, as was asked', () => {
    const file = fresh();
    expect(() => openSqlite(file, { file: 'existing' })).toThrow('no database');
    openSqlite(file, { file: 'new' }).close();
    expect(() => openSqlite(file, { file: 'new' })).toThrow('conflict');
    writeFileSync(file, '');
    for (const wanted of ['existing', 'either'] as const)
      expect(() => openSqlite(file, { file: wanted })).toThrow('is empty');
    expect(statSync(file).size).toBe(0);
  });

  it('made by many processes at once is one file, and nothing is left beside it', async () => {
    const dir = freshDirectory();
    for (let n = 0; n < 5; n++) openSqlite(join(dir, 'test.db'), { file: 'either', journal: 'plain' }).close();
    expect(readdirSync(dir)).toEqual(['test.db']);
  });

  it('takes booleans, dates and undefined, and gives bytes back as they were', () => {
    const database = openSqlite(fresh(), { file: 'new' });
    database.exec('CREATE TABLE t (a, b, c, d, e)');
    const bytes = new Uint8Array([0, 1, 255]);
    database
      .prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)')
      .run(true, false, new Date(5), undefined, Buffer.from(bytes));
    expect({ ...database.prepare('SELECT * FROM t').get() }).toEqual({ a: 1, b: 0, c: 5, d: null, e: bytes });
    database.close();
  });

  it('names the fault of an error', () => {
    const file = fresh();
    const database = openSqlite(file, { file: 'new', busyTimeoutMs: 0 });
    const other = openSqlite(file, { file: 'existing', busyTimeoutMs: 0 });
    const faultOf = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (error) {
        return sqliteFault(error);
      }
    };
    database.exec('CREATE TABLE t (n UNIQUE)');
    database.exec('INSERT INTO t VALUES (1)');
    expect(faultOf(() => database.exec('INSERT INTO t VALUES (1)'))).toBe('duplicate');
    expect(faultOf(() => database.exec('nonsense'))).toBeNull();
    expect(faultOf(() => database.transaction(() => other.transaction(() => 1)))).toBe('busy');
    other.close();
    database.close();
  });

  it('keeps nothing of a transaction that failed', () => {
    const database = openSqlite(fresh(), { file: 'new' });
    database.exec('CREATE TABLE t (n)');
    const failing = (): void =>
      database.transaction(() => {
        database.exec('INSERT INTO t VALUES (1)');
        throw new Error('changed my mind');
      });
    expect(failing).toThrow('changed my mind');
    expect(database.prepare('SELECT count(*) AS n FROM t').get()).toMatchObject({ n: 0 });
    expect(database.transaction(() => 7)).toBe(7);
    database.close();
  });

  it('keeps its locks against other processes while it is opened and closed again in the same process', async () => {
    const file = fresh();
    const holder = openSqlite(file, { file: 'either', journal: 'plain' });
    holder.exec('CREATE TABLE t (n)');
    holder.exec('BEGIN EXCLUSIVE');
    expect(() => openSqlite(file, { file: 'either', journal: 'plain', busyTimeoutMs: 0 })).toThrow('lock');
    const script = `${ENGINE} try { new DatabaseSync(process.argv[1]).exec('BEGIN IMMEDIATE'); console.log('free') } catch (error) { console.log(error.errcode) }`;
    const child = spawn(process.execPath, ['-e', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [answer] = (await once(child.stdout, 'data')) as [Buffer];
    expect(answer.toString().trim()).toBe('5');
    holder.exec('ROLLBACK');
    holder.close();
  });
});
