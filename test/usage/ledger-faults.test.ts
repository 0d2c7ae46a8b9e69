import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Log } from '../../src/core/log.js';
import { openSqlite, type SqlRow } from '../../src/storage/sqlite/driver.js';
import type { LedgerRow, UsedBefore } from '../../src/usage/ledger.js';
import { deferred, until, within } from '../support/patience.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { repeats } from '../support/rounds.js';
import { allLedgerRows, entry, expectBalancedFile, orphaned, settlement } from './ledger-books.js';
import { BASE_MS, newDirectory, openHere, query, testClock } from './usage-world.js';

const MINUTE_MS = 60_000;
/** Requests that were admitted this long before a SIGKILL are on disk; a group waits 10 ms, the rest is for a busy machine. */
const LOSS_BOUND_MS = 1000;

function remembering(): { log: Log; said: string[] } {
  const said: string[] = [];
  const say = (_: object, sentence: string): void => void said.push(sentence);
  return { said, log: { debug: say, info: say, warn: say, error: say } };
}

function mayMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
}

function smallDisk(): string {
  const dir = newDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir]);
  onTestFinished(() => void execFileSync('umount', ['-l', dir]));
  return dir;
}

function fill(dir: string): string {
  const file = join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return file;
}

function settledRow(number: number): LedgerRow {
  return { ...entry(number), settled: settlement() };
}

describe('trouble while the ledger is written', () => {
  test('while another program holds the lock rows wait, settle where they wait, and are all there afterwards', async () => {
    const dir = newDirectory();
    const usage = await openHere(dir);
    const early = usage.journal.open(entry(0));
    expect(await allLedgerRows(usage.ledger)).toEqual([]);
    const other = openSqlite(join(dir, 'usage.db'), { file: 'existing' });
    other.exec('BEGIN IMMEDIATE');
    const rows = Array.from({ length: 1000 }, (_, at) => usage.journal.open(entry(at + 1)));
    expect(await allLedgerRows(usage.ledger)).toEqual([]);
    for (const row of [early, ...rows]) row.settle(settlement());
    other.exec('ROLLBACK');
    other.close();
    await until(10_000, 'all rows are written', async () => (await allLedgerRows(usage.ledger)).length === 1001);
    expect(await allLedgerRows(usage.ledger)).toEqual(Array.from({ length: 1001 }, (_, at) => settledRow(at)));
    expect(usage.journal.lag).toEqual({ waiting: 0, dropped: 0 });
    expectBalancedFile(dir);
  });

  test.skipIf(!mayMount())(
    'a full disk drops what is beyond the bound, says so once, and heals by itself',
    async () => {
      const dir = smallDisk();
      const { log, said } = remembering();
      const usage = await openHere(dir, { log });
      usage.journal.open(entry(0)).settle(settlement());
      expect(await allLedgerRows(usage.ledger)).toHaveLength(1);
      const filler = fill(dir);
      for (let number = 1; number <= 25_000; number++) usage.journal.open(entry(number)).settle(settlement());
      await allLedgerRows(usage.ledger).catch(() => []);
      expect(usage.journal.lag).toEqual({ waiting: 20_000, dropped: 5000 });
      expect(said.filter((sentence) => sentence.includes('ledger cannot be written'))).toHaveLength(1);
      expect(said.filter((sentence) => sentence.includes('takes no rows'))).toHaveLength(1);
      rmSync(filler);
      await until(20_000, 'all that waited is written', async () => {
        await allLedgerRows(usage.ledger, { untilMs: BASE_MS + 1 });
        return usage.journal.lag.waiting === 0;
      });
      expect(await allLedgerRows(usage.ledger)).toHaveLength(20_001);
      expect(said).toContain('The ledger is written again.');
      expectBalancedFile(dir);
    },
  );

  test.skipIf(!mayMount())(
    'a start on a full disk is a start, and what was used before is told when the disk has room',
    async () => {
      const dir = smallDisk();
      const before = await openHere(dir);
      before.journal.open(entry(1)).settle(settlement());
      before.journal.open(entry(2));
      await before.close();
      const filler = fill(dir);
      const usage = await openHere(dir);
      const told: UsedBefore[] = [];
      usage.onUsedBefore((used) => told.push(...used));
      usage.journal.open(entry(3)).settle(settlement());
      expect(told).toEqual([]);
      rmSync(filler);
      await until(10_000, 'use before is told', async () => {
        await usage.requests.recentUse([]).catch(() => null);
        return told.length > 0;
      });
      expect(told.map(({ requests, outputTokens }) => [requests, outputTokens])).toEqual([[2, 70 + 1024]]);
      expect(await allLedgerRows(usage.ledger)).toEqual([settledRow(1), orphaned(entry(2)), settledRow(3)]);
    },
  );

  test('a thread that dies is started again: what waited is written, and no living request is settled as a dead one', async () => {
    const started: Worker[] = [];
    const note = (worker: Worker): void => void started.push(worker);
    process.on('worker', note);
    onTestFinished(() => void process.off('worker', note));
    const dir = newDirectory();
    const usage = await openHere(dir);
    const living = usage.journal.open(entry(1));
    await allLedgerRows(usage.ledger);
    await started[0]?.terminate();
    usage.journal.open(entry(2)).settle(settlement());
    await until(10_000, 'the second row is there', async () => (await allLedgerRows(usage.ledger)).length === 1);
    await started[1]?.terminate();
    living.settle(settlement());
    await until(10_000, 'both rows are there', async () => {
      const rows = await allLedgerRows(usage.ledger).catch(() => []);
      return rows.length === 2;
    });
    expect(await allLedgerRows(usage.ledger)).toEqual([settledRow(1), settledRow(2)]);
    expectBalancedFile(dir);
  });

  test('a file that was taken away is begun anew, and a request that was admitted before is in the new one', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const usage = await openHere(dir, { clock });
    const running = usage.journal.open(entry(1));
    await allLedgerRows(usage.ledger);
    mkdirSync(join(dir, 'away'));
    for (const name of ['usage.db', 'usage.db-wal', 'usage.db-shm'])
      renameSync(join(dir, name), join(dir, 'away', name));
    clock.pass(MINUTE_MS);
    running.settle(settlement());
    await until(10_000, 'the new file has it', async () => {
      const rows = await allLedgerRows(usage.ledger).catch(() => []);
      return rows.length === 1;
    });
    expect(await allLedgerRows(usage.ledger)).toEqual([settledRow(1)]);
    expectBalancedFile(dir);
  });

  test('after closing nothing is taken, nothing fails, and reading says why', async () => {
    const usage = await openHere(newDirectory());
    const row = usage.journal.open(entry(1));
    await usage.close();
    row.settle(settlement());
    usage.journal.open(entry(2)).extended(5);
    await expect(allLedgerRows(usage.ledger)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(usage.ledger.usage({ sinceMs: 0, untilMs: BASE_MS, by: [] })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});

interface Told {
  opened: { number: number; atMs: number }[];
  settled: number[];
  /** All up to this request was on disk, and so many settlements. */
  kept: number;
  keptSettlements: number;
}

/** Runs the child until it has printed so many lines, and kills it in the middle of things. */
async function killedAfter(dir: string, { first, lines }: { first: number; lines: number }): Promise<Told> {
  const script = fileURLToPath(new URL('./ledger-forever-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: Told = { opened: [], settled: [], kept: first, keptSettlements: 0 };
  const enough = deferred();
  let count = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, number = 0, atMs = 0] = line.split(' ').map((part, at) => (at === 0 ? part : Number(part)));
    if (word === 'open') told.opened.push({ number: Number(number), atMs: Number(atMs) });
    if (word === 'settled') told.settled.push(Number(number));
    if (word === 'kept') Object.assign(told, { kept: Number(number), keptSettlements: told.settled.length });
    count += 1;
    if (count > lines) enough.resolve();
  });
  await within(30_000, 'requests are admitted', enough.promise);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return told;
}

/** Every third request has reserved one token more after its admission. */
function expectCharge(row: SqlRow | undefined, number: number, { settled }: Told): void {
  if (row === undefined) return;
  const isOrphan = row['code'] === 'orphaned';
  if (!isOrphan) expect(settled).toContain(number);
  expect(isOrphan && number % 3 === 0 ? [number, number + 1] : [number]).toContain(row['output_tokens']);
}

describe('SIGKILL under load', () => {
  test(
    'loses nothing that was on disk and nothing but the last moment, and counts nothing twice',
    { timeout: 600_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      const dir = newDirectory();
      let first = 0;
      for (let round = 0; round < repeats(4, 50); round++) {
        const told = await killedAfter(dir, { first, lines: 40 + random.below(600) });
        await (await openHere(dir)).close();
        const found = query(dir, 'SELECT request_id, output_tokens, code FROM ledger');
        const rows = new Map(found.map((row) => [row['request_id'], row]));
        expect(rows.size, `seed ${seed}`).toBe(found.length);
        const lastMs = told.opened.at(-1)?.atMs ?? 0;
        const owed = told.opened.filter(({ number, atMs }) => number <= told.kept || atMs < lastMs - LOSS_BOUND_MS);
        expect(
          owed.filter(({ number }) => !rows.has(`req_${number}`)),
          `seed ${seed}`,
        ).toEqual([]);
        const settled = told.settled.slice(0, told.keptSettlements);
        expect(settled.filter((number) => rows.get(`req_${number}`)?.['code'] !== null)).toEqual([]);
        for (const { number } of told.opened) expectCharge(rows.get(`req_${number}`), number, told);
        expect(query(dir, 'SELECT * FROM ledger_open')).toEqual([]);
        expect(query(dir, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
        expectBalancedFile(dir);
        first = told.opened.at(-1)?.number ?? first;
      }
    },
  );
});
