import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore, refusalOf } from './opened.js';

const HOLD = `
  const { DatabaseSync } = process.getBuiltinModule?.('node:sqlite') ?? require('@photostructure/sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec('BEGIN IMMEDIATE');
  console.log('held');
  process.stdin.once('data', () => { database.exec('ROLLBACK'); process.exit(0); });`;

/** Another process that holds the write lock until it is told to let go. */
async function holdLock(file: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', HOLD, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.write('go\n');
    await once(child, 'exit');
  };
}

describe('a database locked by another program', () => {
  it('delays a change at most five seconds, a revocation not at all, and the event loop never', async () => {
    const dir = freshDirectory();
    const store = await openStore(dir);
    const [key, other] = [
      await store.life.create({ name: 'k' }, OPERATOR),
      await store.life.create({ name: 'o' }, OPERATOR),
    ];
    const letGo = await holdLock(join(dir, 'keyporter.db'));
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();

    const started = performance.now();
    const refusal = refusalOf(store.life.rotate(key.record.id, 0, OPERATOR));
    const revoked = await store.life.revoke({ ids: [other.record.id] }, null, OPERATOR);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(revoked.revoked).toEqual([other.record.id]);
    expect((await store.directory.identify(other.secret.reveal()))?.state).toBe('revoked');
    expect(await refusal).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('lock') as string,
    });
    expect(performance.now() - started).toBeLessThan(7000);
    expect((await store.directory.identify(key.secret.reveal()))?.state).toBe('active');
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(50);

    await letGo();
    await store.life.rotate(key.record.id, 0, OPERATOR);
    expect((await store.audit.list({ limit: 10 }, { action: 'key.revoke' })).data).toHaveLength(1);
    await store.close();
  });

  it('a change that waits is made when the lock is let go in time', async () => {
    const dir = freshDirectory();
    const store = await openStore(dir);
    const letGo = await holdLock(join(dir, 'keyporter.db'));
    const made = store.life.create({ name: 'waits' }, OPERATOR);
    // The answer to a reading question proves that the change was tried first.
    await store.life.owners();
    await letGo();
    expect((await made).record.name).toBe('waits');
    await store.close();
  });
});
