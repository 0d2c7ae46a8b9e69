import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { timedImport } from './timed-import.js';
import { CliWorld } from '../cli/cli-world.js';

const FAR = 4_000_000_000;
const token = (index: number): string =>
  createHash('sha256').update(`token ${index}`).digest('base64').replaceAll(/[+/=]/g, 'x').slice(0, 32);

interface TokenRow {
  token: string;
  scope: string;
  expiredAt: number | string | null;
}

/** A database as the original makes it. */
function makeDatabase(path: string, rows: readonly TokenRow[]): void {
  const database = openSqlite(path, { file: 'new', journal: 'plain' });
  database.exec(
    'CREATE TABLE tokens (token TEXT PRIMARY KEY, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expired_at INTEGER)',
  );
  database.exec(
    'CREATE TABLE usage_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME NOT NULL, token TEXT, endpoint TEXT NOT NULL, method TEXT NOT NULL, status_code INTEGER NOT NULL)',
  );
  const insert = database.prepare('INSERT INTO tokens VALUES (?, ?, ?, ?)');
  database.transaction(() => rows.forEach((row) => insert.run(row.token, row.scope, 1_700_000_000, row.expiredAt)));
  database.close();
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

interface ListedKey {
  id: string;
  name: string;
  owner: string | null;
  scopes: string[];
  state: string;
  imported: boolean;
  expires_at: number | null;
  created_at: number;
}

describe('importing Llama-Server-AuthKeys', () => {
  let world: CliWorld;
  let file: string;
  beforeEach(async () => {
    world = await CliWorld.make();
    file = join(world.home, 'authwall.db');
  });
  afterEach(() => world.remove());

  const keys = async (): Promise<ListedKey[]> =>
    (await world.here(['keys', 'list', '--json'])).json()['data'] as ListedKey[];

  it('5,000 tokens become keys in under 5 seconds, and the file stays byte-identical', async () => {
    makeDatabase(
      file,
      Array.from({ length: 5000 }, (_, index) => ({
        token: token(index),
        scope: 'infer',
        expiredAt: index % 2 === 0 ? null : FAR,
      })),
    );
    const before = await digestOf(file);
    const { tookMs, out } = await timedImport(file, world.dataDir);
    expect(tookMs).toBeLessThan(5000);
    expect(out).toContain('Imported 5000 keys.');
    expect(await digestOf(file)).toBe(before);
    const again = await world.here(['import', file]);
    expect(again.out).toContain('Imported 0 keys; 5000 were known already');
  }, 60_000);

  it('scopes, owner, creation and expiry are those of the token; what is unknown or over is disabled', async () => {
    makeDatabase(file, [
      { token: token(1), scope: 'infer:write:infer', expiredAt: FAR },
      { token: token(2), scope: 'revoke', expiredAt: 0 },
      { token: token(3), scope: 'infer:fly', expiredAt: null },
      { token: token(4), scope: 'infer', expiredAt: 1 },
      { token: token(5), scope: 'infer', expiredAt: 'tomorrow' },
    ]);
    const { out } = await world.here(['import', file]);
    expect(out).toContain('tokens row 3: has a scope that is not known');
    expect(out).toContain('tokens row 4: has expired');
    for (let index = 1; index <= 5; index += 1) expect(out).not.toContain(token(index));
    const shown = new Map((await keys()).map((key) => [key.name, key]));
    expect(shown.get('authkeys-1')).toMatchObject({
      owner: 'authkeys',
      scopes: ['infer', 'keys:read', 'keys:write'],
      labels: { authkeys_scope: 'infer:write:infer' },
      state: 'active',
      imported: true,
      expires_at: FAR + 1,
      created_at: 1_700_000_000,
    });
    expect(shown.get('authkeys-2')).toMatchObject({ scopes: ['keys:revoke'], expires_at: null, state: 'active' });
    for (const name of ['authkeys-3', 'authkeys-4', 'authkeys-5']) expect(shown.get(name)?.state).toBe('disabled');
  });

  it('a dry run makes no store', async () => {
    makeDatabase(file, [{ token: token(1), scope: 'infer', expiredAt: null }]);
    const { code, out } = await world.here(['import', file, '--dry-run']);
    expect(code).toBe(0);
    expect(out).toContain('Nothing was changed: 1 keys would be imported.');
    expect((await world.here(['keys', 'list'])).code).toBe(1);
  });

  it('a token works at once at a gateway that runs, weak ones too, and a revoked one never again', async () => {
    makeDatabase(file, [
      { token: token(1), scope: 'infer', expiredAt: null },
      { token: 'weak', scope: 'infer', expiredAt: null },
    ]);
    const gateway = await world.serve('--upstream', 'http://127.0.0.1:9');
    const ask = async (key: string): Promise<number> =>
      (await fetch(`${gateway.url}/me`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await ask(token(1))).toBe(401);
    expect((await world.here(['import', file])).code).toBe(0);
    expect([await ask(token(1)), await ask('weak')]).toEqual([200, 200]);
    const strong = (await keys()).find(({ name }) => name === 'authkeys-1');
    await world.here(['keys', 'revoke', strong?.id ?? '', '--yes']);
    await world.here(['import', file]);
    expect([await ask(token(1)), await ask('weak')]).toEqual([401, 200]);
    expect((await world.here(['keys', 'revoke', '--key', '-', '--yes'], { input: 'weak' })).code).toBe(0);
    expect(await ask('weak')).toBe(401);
    gateway.signal('SIGTERM');
    await gateway.ended;
  }, 30_000);

  it('a weak token can be rotated, and both secrets work for the overlap, after a restart too', async () => {
    makeDatabase(file, [{ token: 'weak', scope: 'infer', expiredAt: null }]);
    await world.here(['import', file]);
    const [key] = await keys();
    const rotated = (await world.here(['keys', 'rotate', key?.id ?? '', '--overlap', '1h', '--json'])).json()[
      'key'
    ] as string;
    const gateway = await world.serve('--upstream', 'http://127.0.0.1:9');
    const ask = async (secret: string): Promise<number> =>
      (await fetch(`${gateway.url}/me`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect([await ask('weak'), await ask(rotated), await ask('week')]).toEqual([200, 200, 401]);
    gateway.signal('SIGTERM');
    await gateway.ended;
  }, 30_000);

  it('the configuration comes as keyporter.yaml, with the report in its comments and no root token', async () => {
    const root = 'a-long-root-token-0123456789';
    const ini = join(world.home, 'config.ini');
    await writeFile(
      ini,
      `# a comment\n[APP]\nHost = 127.0.0.1\nport: 5001\n[DB]\ndb_name = authwall.db\nroot_token = ${root}\n[INFER]\nv1 = http://localhost:1234/v1\ncompletions = http://localhost:9999/chat\n`,
    );
    const { out, code } = await world.here(['import', ini]);
    expect(code).toBe(0);
    expect(out).not.toContain(root);
    expect(out).toContain('# ');
    const written = join(world.home, 'new.yaml');
    const toFile = await world.here(['import', ini, '--out', written]);
    expect(toFile.out).toContain(`The configuration was written to ${written}`);
    expect(await readFile(written, 'utf8')).toBe(out.slice(out.indexOf('listeners:')));
    expect(await readFile(written, 'utf8')).toContain('/v1/chat/completions: http://localhost:9999/chat');
    const twice = await world.here(['import', ini, '--out', written]);
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining('is not overwritten')]);
    const taken = await world.here(['import', ini, '--root-token', '--out', join(world.home, 'other.yaml')]);
    expect(taken.out).toContain('Imported 1 keys.');
    expect((await keys())[0]).toMatchObject({
      name: 'authkeys root',
      scopes: ['infer', 'keys:read', 'keys:write', 'keys:revoke'],
    });
  });

  it('percent signs, continued lines and [DEFAULT] are read as Python reads them', async () => {
    const ini = join(world.home, 'config.ini');
    await writeFile(
      ini,
      '[DEFAULT]\nhome = http://h%%41:1\n[APP]\nhost = ::1\nport = 5001\n[INFER]\nv1 = %(home)s/v1\n',
    );
    const { out } = await world.here(['import', ini, '--json']);
    expect((JSON.parse(out) as { configuration: string }).configuration).toContain('listen: "[::1]:5001"');
    expect(out).toContain('http://h%41:1/v1');
    await writeFile(ini, '[LOG]\nformat = %d\n[APP]\nhost = ::1\n');
    expect((await world.here(['import', ini])).code).toBe(0);
    await writeFile(ini, '[APP]\nhost = 50%\n');
    const broken = await world.here(['import', ini]);
    expect([broken.code, broken.err]).toEqual([1, expect.stringContaining('neither %% nor %(name)s')]);
  });

  it('rows that no key can be made of are left out and named, and the others are taken', async () => {
    makeDatabase(file, [
      { token: token(1), scope: 'infer', expiredAt: null },
      { token: 'x'.repeat(5000), scope: 'infer', expiredAt: null },
      { token: 'kp_abcdefghijkl_not-a-key', scope: 'infer', expiredAt: null },
      { token: token(2), scope: 'infer', expiredAt: null },
    ]);
    const database = openSqlite(file, { file: 'existing', journal: 'plain' });
    database.exec(`INSERT INTO tokens VALUES ('${token(3)}', 'infer', 1, 100000000000000000)`);
    database.exec(`INSERT INTO tokens VALUES (x'00ff', 'infer', 1, NULL)`);
    database.close();
    const { out, code } = await world.here(['import', file]);
    expect([code, out]).toEqual([0, expect.stringContaining('Imported 3 keys.')]);
    const named = await world.here(['import', file, '--out', join(world.home, 'none.yaml')]);
    expect(named.out).toContain('none.yaml was not written: these files hold keys alone.');
    for (const row of [2, 3, 6]) expect(out).toMatch(new RegExp(`refused +tokens row ${row}: `));
    expect(out).not.toContain('not-a-key');
  });

  it.each([
    [
      'without its columns',
      (database: ReturnType<typeof openSqlite>) => {
        database.exec('DROP TABLE tokens; CREATE TABLE tokens (token TEXT)');
      },
      'without `scope`, `created_at`, `expired_at`',
    ],
    [
      'without its table',
      (database: ReturnType<typeof openSqlite>) => {
        database.exec('DROP TABLE tokens');
      },
      'without a table `tokens`',
    ],
  ])('a database %s ends the command with a sentence about the file', async (_name, change, told) => {
    makeDatabase(file, []);
    const database = openSqlite(file, { file: 'existing', journal: 'plain' });
    change(database);
    database.close();
    const { err, code } = await world.here(['import', file]);
    expect([code, err]).toEqual([1, expect.stringContaining(told)]);
    expect(err).toContain('Nothing was imported.');
  });

  it('a damaged database ends the command with a sentence about the file, wherever the damage is', async () => {
    makeDatabase(
      file,
      Array.from({ length: 2000 }, (_, index) => ({ token: token(index), scope: 'infer', expiredAt: null })),
    );
    const whole = await readFile(file);
    const holed = Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(8192, 0xff), whole.subarray(12_288)]);
    for (const damaged of [whole.subarray(0, 16), whole.subarray(0, 5000), holed]) {
      await writeFile(file, damaged);
      const { err, code } = await world.here(['import', file]);
      expect([code, err]).toEqual([1, expect.stringContaining('is damaged, or is no SQLite database')]);
      expect(err).not.toContain('keyporter restore');
    }
  });

  it('an indented file is read as Python reads it, and what it holds is not shown', async () => {
    const ini = join(world.home, 'config.ini');
    const root = 'a-long-root-token-0123456789';
    await writeFile(
      ini,
      `  [APP]\n  host = 127.0.0.1\n  port = 5002\n\n  [DB]\n  root_token = ${root}\n  [INFER]\n  v1 = http://me:pa55word@h:1/v1?key=sesame\n`,
    );
    const { out, code } = await world.here(['import', ini, '--json']);
    expect(code).toBe(0);
    for (const secret of [root, 'pa55word', 'sesame']) expect(out).not.toContain(secret);
    const { configuration } = JSON.parse(out) as { configuration: string };
    expect(configuration).toContain('listen: 127.0.0.1:5002');
    expect(configuration).toContain('url: http://h:1/v1');
  });

  it('what no configuration can hold is refused, and the result can be checked', async () => {
    const ini = join(world.home, 'config.ini');
    await writeFile(
      ini,
      '[APP]\nhost = bad host!\nport = 99999\n[INFER]\nv1 = localhost:1234\ncompletions = nowhere\n',
    );
    const made = join(world.home, 'made.yaml');
    const { out, code } = await world.here(['import', ini, '--out', made]);
    expect(code).toBe(0);
    for (const field of ['APP.host', 'APP.port', 'INFER.v1', 'INFER.completions'])
      expect(out).toMatch(new RegExp(`refused +${field}: `));
    expect((await world.run(['check', made])).code).toBe(0);
  });

  it('below an INFER.v1 that does not end in /v1 the usual paths go where they went', async () => {
    const ini = join(world.home, 'config.ini');
    await writeFile(
      ini,
      '[APP]\nhost = 127.0.0.1\n[INFER]\nv1 = http://h:1/api/v0\ncompletions = http://h:1/api/v0/chat/completions\n',
    );
    const { out } = await world.here(['import', ini, '--json']);
    const { configuration } = JSON.parse(out) as { configuration: string };
    expect(configuration).toContain('/v1/chat/completions: http://h:1/api/v0/chat/completions');
    expect(configuration).toContain('/v1/embeddings: http://h:1/api/v0/embeddings');
  });
});
