import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CanarySweep } from '../support/canary.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, openStore } from './opened.js';
import { join } from 'node:path';

/** A copy made by another process: reading the files here would drop the locks SQLite holds on them. */
function copyOf(dir: string): string {
  const copy = freshDirectory();
  expect(spawnSync('cp', ['-r', `${dir}/.`, copy]).status).toBe(0);
  return copy;
}

describe('a secret of a key', () => {
  it('is in no file of the store, running or closed, nor in a backup', async () => {
    const dir = freshDirectory();
    const store = await openStore(dir);
    const first = await store.life.createFirstKey(OPERATOR);
    const made = await store.life.create({ name: 'made' }, OPERATOR);
    const rotated = await store.life.rotate(made.record.id, 60, OPERATOR);
    const revoked = await store.life.create({ name: 'revoked' }, OPERATOR);
    await store.life.revoke({ secret: revoked.secret }, 'found in a paste', OPERATOR);
    await store.life.revoke({ secret: revoked.secret }, null, OPERATOR);
    await store.backup(join(dir, 'copy.backup'));
    const sweep = new CanarySweep();
    const files = await sweep.addDirectory(copyOf(dir));
    await store.close();
    files.push(...(await sweep.addDirectory(dir)));
    for (const name of ['keyporter.db', 'keyporter.db-wal', 'revoked.log', 'copy.backup'])
      expect(files.some((file) => file.endsWith(`/${name}`))).toBe(true);
    const secrets = {
      first: first?.secret.reveal() ?? '',
      made: made.secret.reveal(),
      rotated: rotated.secret.reveal(),
      revoked: revoked.secret.reveal(),
    };
    expect(sweep.leaks(secrets)).toEqual([]);
    expect(sweep.leaks({ id: made.record.id })).not.toEqual([]);
  });
});
