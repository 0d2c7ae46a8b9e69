import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Log } from '../../src/core/log.js';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { deferred, until, within } from '../support/patience.js';
import { repeats } from '../support/rounds.js';
import { allRows, newDirectory, openHere, query, requestRow, testClock } from './usage-world.js';

const MINUTE_MS = 60_000;
/** Rows that were recorded this long before a SIGKILL are on disk; the delay of a batch is 50 ms, the rest is for a busy machine. */
const LOSS_BOUND_MS = 1000;

function remembering(): { log: Log; said: string[] } {
  const said: string[] = [];
  const say = (_: object, sentence: string): void => void said.push(sentence);
  return { said, log: { debug: say, info: say, warn: say, error: say } };
}

/** Mounts a small file system, if this user may. */
function smallDisk(): string | null {
  const dir = newDirectory();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir]).status !== 0) return null;
  onTestFinished(() => void execFileSync('umount', ['-l', dir]));
  return dir;
}

function mayMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
}

function fill(dir: string): string {
  const file = join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return file;
}

describe('a file that cannot be used', () => {
  test.each([
    ['text', Buffer.from('this is no database, but somebody may need it'.repeat(20))],
    ['nothing', Buffer.alloc(0)],
  ])('that holds %s is refused with what to do and left as it is', async (_, content) => {
    const dir = newDirectory();
    writeFileSync(join(dir, 'usage.db'), content);
    await expect(openHere(dir)).rejects.toMatchObject({
      code: 'store_unavailable',
      publicMessage: expect.stringMatching(/usage\.db.*left as it was|usage\.db.*move it aside/s),
    });
    expect(readFileSync(join(dir, 'usage.db'))).toEqual(content);
  });

  test('with a damaged inside is refused too', async () => {
    const dir = newDirectory();
    await (await openHere(dir)).close();
    const file = join(dir, 'usage.db');
    const bytes = readFileSync(file);
    bytes.fill(0xab, 100, 4096);
    writeFileSync(file, bytes);
    await expect(openHere(dir)).rejects.toMatchObject({
      code: 'store_unavailable',
      publicMessage: expect.stringContaining('move it aside'),
    });
    expect(readFileSync(file)).toEqual(bytes);
  });

  test('of a newer version is refused, of a newer version that older programs may use is not', async () => {
    const dir = newDirectory();
    await (await openHere(dir)).close();
    const change = (sql: string): void => {
      const database = openSqlite(join(dir, 'usage.db'), { file: 'existing' });
      database.exec(sql);
      database.close();
    };
    change('UPDATE meta SET schema_version = 99');
    await (await openHere(dir)).close();
    change('UPDATE meta SET min_reader_version = 99');
    await expect(openHere(dir)).rejects.toMatchObject({ publicMessage: expect.stringContaining('newer Keyporter') });
  });
});

describe('trouble while it runs', () => {
  test('while another program holds the lock rows wait, reading goes on, and afterwards all are there', async () => {
    const dir = newDirectory();
    const usage = await openHere(dir, remembering());
    usage.requests.record(requestRow(1));
    expect(await allRows(usage)).toHaveLength(1);
    const other = openSqlite(join(dir, 'usage.db'), { file: 'existing' });
    other.exec('BEGIN IMMEDIATE');
    for (let number = 2; number <= 1000; number++) usage.requests.record(requestRow(number));
    usage.lastUse.touch('abcdefghijkl', 'current', 1_700_000_000);
    expect(await allRows(usage)).toHaveLength(1);
    other.exec('ROLLBACK');
    other.close();
    expect(await allRows(usage)).toHaveLength(1000);
    await usage.close();
    expect(query(dir, 'SELECT key_id FROM last_use')).toEqual([{ key_id: 'abcdefghijkl' }]);
    expect(usage.requests.dropped).toBe(0);
  });

  test.skipIf(!mayMount())(
    'a full disk drops only what is beyond the bound, says so once, and heals by itself',
    async () => {
      const dir = smallDisk();
      if (dir === null) throw new Error('tmpfs cannot be mounted');
      const { log, said } = remembering();
      const usage = await openHere(dir, { log });
      usage.requests.record(requestRow(0));
      expect(await allRows(usage)).toHaveLength(1);
      const filler = fill(dir);
      for (let number = 1; number <= 300; number++) usage.requests.record(requestRow(number));
      usage.lastUse.touch('abcdefghijkl', 'current', 1_700_000_000);
      await allRows(usage).catch(() => []);
      expect(usage.requests.dropped).toBe(0);
      expect(said.filter((sentence) => sentence.includes('cannot be written'))).toHaveLength(1);
      for (let number = 301; number <= 25_000; number++) usage.requests.record(requestRow(number));
      expect(usage.requests.dropped).toBe(5000);
      rmSync(filler);
      await until(
        10_000,
        'rows are written again',
        async () => (await usage.requests.list({}, { limit: 2 })).data.length === 2,
      );
      expect(await allRows(usage)).toHaveLength(20_001);
      expect(said).toContain('The request log is written again.');
      await usage.close();
      expect(query(dir, 'SELECT key_id FROM last_use')).toEqual([{ key_id: 'abcdefghijkl' }]);
      expect(usage.requests.dropped).toBe(5000);
    },
  );

  test.skipIf(!mayMount())('a start on a full disk is a start, and the last uses come when the disk does', async () => {
    const dir = smallDisk();
    if (dir === null) throw new Error('tmpfs cannot be mounted');
    const before = await openHere(dir);
    before.lastUse.touch('abcdefghijkl', 'current', 1_700_000_000);
    await before.close();
    const filler = fill(dir);
    const { log, said } = remembering();
    const usage = await openHere(dir, { log });
    usage.requests.record(requestRow(1));
    rmSync(filler);
    await until(10_000, 'the store heals', async () => (await allRows(usage).catch(() => [])).length === 1);
    await until(10_000, `last uses are loaded (${said.join(' ')})`, async () => {
      await usage.requests.recentUse([]);
      return usage.lastUse.of('abcdefghijkl').current === 1_700_000_000;
    });
  });

  test('a file that was taken away under it is begun anew within a minute', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const usage = await openHere(dir, { clock });
    usage.requests.record(requestRow(1));
    await allRows(usage);
    mkdirSync(join(dir, 'away'));
    for (const name of ['usage.db', 'usage.db-wal', 'usage.db-shm'])
      renameSync(join(dir, name), join(dir, 'away', name));
    clock.pass(MINUTE_MS);
    usage.requests.record(requestRow(2));
    await until(5000, 'a new file is written', async () => (await allRows(usage)).length === 1);
    await usage.close();
    expect(query(dir, 'SELECT id FROM requests')).toEqual([{ id: 'req_2' }]);
  });

  test('a thread that dies is started again and rows that waited are written', async () => {
    const started: Worker[] = [];
    const note = (worker: Worker): void => void started.push(worker);
    process.on('worker', note);
    onTestFinished(() => void process.off('worker', note));
    const { log, said } = remembering();
    const usage = await openHere(newDirectory(), { log });
    usage.requests.record(requestRow(1));
    await allRows(usage);
    await started[0]?.terminate();
    usage.requests.record(requestRow(2));
    await until(10_000, 'both rows are there', async () => (await allRows(usage).catch(() => [])).length === 2);
    expect(said).toContain('The thread of the request log and the ledger died and is started again.');
  });

  test('recording never waits: twenty thousand rows of a locked store cost the main thread no pause', async () => {
    const dir = newDirectory();
    const usage = await openHere(dir);
    const other = openSqlite(join(dir, 'usage.db'), { file: 'existing' });
    other.exec('BEGIN IMMEDIATE');
    for (let number = 0; number < 20_100; number++) usage.requests.record(requestRow(number));
    expect(usage.requests.dropped).toBe(100);
    other.close();
    expect(await allRows(usage)).toHaveLength(20_000);
  });

  test('after closing nothing is taken and nothing fails', async () => {
    const usage = await openHere(newDirectory());
    await usage.close();
    usage.requests.record(requestRow(1));
    usage.lastUse.touch('abcdefghijkl', 'current', 1);
    await usage.close();
    await expect(usage.requests.list({}, { limit: 1 })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('SIGKILL', () => {
  test('loses at most the rows of the last moment, and the file is whole', { timeout: 120_000 }, async () => {
    for (let round = 0; round < repeats(3, 50); round++) {
      const dir = newDirectory();
      const script = fileURLToPath(new URL('./record-forever.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
      const recorded: { number: number; atMs: number }[] = [];
      const enough = deferred();
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [number, atMs] = line.split(' ').map(Number);
        recorded.push({ number: number ?? 0, atMs: atMs ?? 0 });
        if (recorded.length > 250 + round * 17) enough.resolve();
      });
      await within(30_000, 'rows are recorded', enough.promise);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const lastMs = recorded.at(-1)?.atMs ?? 0;
      const kept = new Set(query(dir, 'SELECT id FROM requests').map((row) => row['id']));
      const owed = recorded.filter((row) => row.atMs < lastMs - LOSS_BOUND_MS);
      expect(owed.length).toBeGreaterThan(0);
      expect(owed.filter((row) => !kept.has(`req_${row.number}`))).toEqual([]);
      expect(query(dir, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      await (await openHere(dir)).close();
    }
  });
});
