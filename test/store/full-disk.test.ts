import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announce, lock, runningGateway } from '../../src/storage/data-directory.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore, refusalOf } from './opened.js';

/** A file system of 2 MiB. Only root can make one. */
const mountPoint = freshDirectory();
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', mountPoint]).status === 0;

afterAll(() => {
  if (mounted) spawnSync('umount', ['--lazy', mountPoint]);
});

function fill(dir: string): string {
  const filler = join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(filler, Buffer.alloc(bavail * bsize, 1));
  // The count of free blocks is an estimate.
  for (let size = bavail * bsize; size > 0; size += bsize) {
    try {
      appendFileSync(filler, Buffer.alloc(bsize, 1));
    } catch {
      break;
    }
  }
  return filler;
}

describe.skipIf(!mounted)('a full disk', () => {
  let filler: string;
  beforeAll(() => expect(mounted).toBe(true));

  it('refuses new keys with a reason, keeps known ones, takes revocations, and heals when there is space', async () => {
    const store = await openStore(mountPoint);
    const keys = await Promise.all(Array.from({ length: 5 }, (_, n) => store.life.create({ name: `k${n}` }, OPERATOR)));
    const [lost, kept] = keys;
    if (lost === undefined || kept === undefined) throw new Error('no keys were made');
    filler = fill(mountPoint);

    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, () => store.life.create({ name: 'too many' }, OPERATOR)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.reason).toMatchObject({
      code: 'store_unavailable',
      publicMessage: expect.stringContaining('full') as string,
    });
    expect((await store.directory.identify(kept.secret.reveal()))?.state).toBe('active');

    const result = await store.life.revoke({ ids: [lost.record.id] }, 'stolen', OPERATOR);
    expect(result.revoked).toEqual([lost.record.id]);
    expect((await store.directory.identify(lost.secret.reveal()))?.state).toBe('revoked');
    expect(await store.life.get(lost.record.id)).toMatchObject({ state: 'revoked', revokeReason: 'stolen' });
    expect(store.warnings.join()).toContain('list of revoked keys');
    await store.close();

    const reopened = await openStore(mountPoint);
    expect((await reopened.directory.identify(lost.secret.reveal()))?.state).toBe('revoked');
    expect((await refusalOf(reopened.life.setDisabled(lost.record.id, false, OPERATOR))).code).toMatch(
      /conflict|store_unavailable/,
    );
    rmSync(filler);
    const made = await reopened.life.create({ name: 'again' }, OPERATOR);
    expect(reopened.directory.byId(made.record.id)?.state).toBe('active');
    const { data } = await reopened.audit.list(
      { limit: 10 },
      { target: `key:${lost.record.id}`, action: 'key.revoke' },
    );
    expect(data).toMatchObject([{ actor: OPERATOR.id, details: { reason: 'stolen' } }]);
    expect(await reopened.audit.verify()).toMatchObject({ intact: true });
    await reopened.close();
  });

  it('stops no gateway from telling where it is, after an orderly end and after a kill', async () => {
    const notice = {
      pid: process.pid,
      socket: join(mountPoint, 'keyporter.sock'),
      url: 'http://127.0.0.1:1',
      listen: '',
    };
    const before = await lock(mountPoint);
    await announce(mountPoint, notice);
    before.release();
    const full = fill(mountPoint);
    const url = 'http://127.0.0.1:12345';
    const after = await lock(mountPoint);
    await announce(mountPoint, { ...notice, url });
    expect(await runningGateway(mountPoint)).toMatchObject({ url });
    after.release();
    rmSync(full);
  });
});
