import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { CliWorld } from './cli-world.js';

const SECRET = /kp_[A-Za-z0-9]{12}_[A-Za-z0-9]{49}/;

describe('the command line while no gateway runs', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.make();
  });
  afterEach(() => world.remove());

  it('makes no store by looking, and says where it looked', async () => {
    for (const args of [
      ['keys', 'list'],
      ['keys', 'show', 'x'],
      ['owners', 'list'],
      ['audit', 'verify'],
      ['status'],
      ['doctor'],
      ['streams'],
      ['migrate', 'status'],
      ['migrate', 'up'],
      ['backup', 'x.db'],
    ]) {
      const { code, out, err } = await world.here(args);
      expect([args, code, out]).toEqual([args, 1, '']);
      expect(err).toContain(world.dataDir);
    }
    expect(existsSync(world.dataDir)).toBe(false);
  });

  it('makes one for a first key only where somebody named the place', async () => {
    expect((await world.run(['keys', 'create', '--name', 'x'])).code).toBe(1);
    expect(existsSync(join(world.home, '.local'))).toBe(false);
    const made = await world.here(['keys', 'create', '--name', 'x']);
    expect([made.code, made.out.trim()]).toEqual([0, expect.stringMatching(SECRET)]);
  });

  it('migrate up brings an older store to the form of this program, and status only looks', async () => {
    await world.here(['keys', 'create', '--name', 'x']);
    const older = openSqlite(join(world.dataDir, 'keyporter.db'), { file: 'existing' });
    older.exec('ALTER TABLE owners DROP COLUMN limits; UPDATE meta SET schema_version = 2, min_reader_version = 1');
    older.close();
    const forms = async (...args: string[]) => {
      const { store_version, up_to_date } = (await world.here([...args, '--json'])).json();
      return [store_version, up_to_date];
    };
    expect(await forms('migrate', 'status')).toEqual([2, false]);
    expect(await forms('migrate', 'status')).toEqual([2, false]);
    expect(await forms('migrate', 'up')).toEqual([3, true]);
    expect(await forms('migrate', 'status')).toEqual([3, true]);
    expect((await world.here(['keys', 'list', '--json'])).json()['data']).toHaveLength(1);
  });

  it('check says when a gateway with a sound configuration would still not start', async () => {
    await writeFile(join(world.home, 'o.yaml'), 'listeners: [{ listen: 127.0.0.1:9001, profile: orchestra }]');
    const { code, out } = await world.run(['check', join(world.home, 'o.yaml')]);
    expect([code, out]).toEqual([0, expect.stringContaining('Warning: A gateway would not start: The key file ')]);
  });

  it('what was revoked before is said to have been', async () => {
    const { id } = (await world.here(['keys', 'create', '--name', 'x', '--json'])).json();
    expect((await world.here(['keys', 'revoke', String(id), '--yes'])).out).toContain(`Revoked 1 key: ${String(id)}`);
    const again = await world.here(['keys', 'revoke', String(id), '--yes']);
    expect([again.code, again.out]).toEqual([0, 'Nothing was left to revoke: it was revoked before.\n']);
  });

  it('--json prints what the admin API answers: a new key has all of its members', async () => {
    const { json } = await world.here([
      'keys',
      'create',
      '--name',
      'x',
      '--owner',
      'o',
      '--scope',
      'infer',
      '--scope',
      'keys:read',
      '--model',
      'a*',
      '--allow-ip',
      '10.0.0.0/8',
      '--label',
      'a=b=c',
      '--attribute',
      'r=1',
      '--attribute',
      'r=2',
      '--expires',
      '30d',
      '--json',
    ]);
    const made = json();
    expect(made).toMatchObject({
      name: 'x',
      owner: 'o',
      scopes: ['infer', 'keys:read'],
      models: ['a*'],
      allow_ips: ['10.0.0.0/8'],
      labels: { a: 'b=c' },
      attributes: { r: ['1', '2'] },
      limits: {},
      created_by: expect.any(String),
    });
    expect(made['key']).toMatch(SECRET);
    expect(made['prefix']).toBe(`kp_${String(made['id'])}`);
    expect(Number(made['expires_at']) - Number(made['created_at'])).toBeGreaterThan(2_591_990);
    const listed = (await world.here(['keys', 'list', '--json'])).json();
    expect(listed).toMatchObject({ data: [{ id: made['id'] }], next: null });
    expect(JSON.stringify(listed)).not.toMatch(SECRET);
  });

  it('goes through the life of a key', async () => {
    const made = (await world.here(['keys', 'create', '--name', 'laptop', '--json'])).json();
    const id = String(made['id']);
    const run = async (...args: string[]) => (await world.here([...args, '--json'])).json();
    expect(await run('keys', 'update', id, '--name', 'desk', '--model', 'm', '--expires', 'never')).toMatchObject({
      name: 'desk',
      models: ['m'],
      expires_at: null,
    });
    expect(await run('keys', 'update', id, '--clear', 'models')).toMatchObject({ models: [] });
    const rotated = await run('keys', 'rotate', id, '--overlap', '1h');
    expect(rotated).toMatchObject({ id, previous: { expires_at: expect.any(Number) } });
    expect(rotated['key']).not.toBe(made['key']);
    const child = await run('keys', 'derive', id, '--name', 'child', '--expires', '6h');
    expect(child).toMatchObject({ parent_id: id });
    expect(await run('keys', 'disable', id)).toMatchObject({ state: 'disabled' });
    expect(await run('keys', 'enable', id)).toMatchObject({ state: 'active' });
    expect(await run('keys', 'revoke', id, '--yes', '--reason', 'done')).toMatchObject({
      revoked: expect.arrayContaining([id, child['id']]),
      children: [child['id']],
      streams_ended: 0,
    });
    expect(await run('keys', 'show', id)).toMatchObject({ state: 'revoked', revoke_reason: 'done' });
    expect((await run('audit', 'list'))['data']).toHaveLength(9);
    expect(await run('audit', 'verify')).toMatchObject({ intact: true, entries: 9 });
  });

  it('revokes the key that comes on standard input, all of an owner, all with a label', async () => {
    const create = async (...args: string[]) =>
      String((await world.here(['keys', 'create', '--name', 'x', '--json', ...args])).json()['key']);
    const secret = await create();
    await create('--owner', 'alice');
    await create('--label', 'team=a');
    expect(
      (await world.here(['keys', 'revoke', '--key', '-', '--yes', '--json'], { input: `${secret}\n` })).json()[
        'revoked'
      ],
    ).toEqual([secret.slice(3, 15)]);
    expect((await world.here(['keys', 'revoke', '--owner', 'alice', '--yes'])).out).toContain('Revoked 1 key');
    expect((await world.here(['keys', 'revoke', '--label', 'team=a', '--yes'])).code).toBe(0);
    expect((await world.here(['keys', 'revoke', '--label', 'team=a', '--yes'])).code).toBe(1);
  });

  it('switches an owner off and on whatever his name', async () => {
    for (const owner of ['org/team', '..', 'a%2fb', '漢 字']) {
      await world.here(['keys', 'create', '--name', 'x', '--owner', owner]);
      expect((await world.here(['owners', 'disable', owner, '--json'])).json()).toMatchObject({
        name: owner,
        disabled: true,
        keys: 1,
      });
      expect((await world.here(['owners', 'enable', owner])).out).toBe(`The key of ${owner} works again.\n`);
    }
    expect((await world.here(['owners', 'list', '--json'])).json()['data']).toHaveLength(4);
    expect((await world.here(['owners', 'disable', 'nobody'])).code).toBe(1);
  });

  it('a copy is put back with revoked keys still revoked', async () => {
    const id = String((await world.here(['keys', 'create', '--name', 'x', '--json'])).json()['id']);
    expect((await world.here(['backup', 'copy.db', '--json'])).json()).toMatchObject({
      file: join(world.home, 'copy.db'),
      keys: 1,
    });
    await world.here(['keys', 'revoke', id, '--yes']);
    expect((await world.here(['restore', 'copy.db', '--json'])).json()).toMatchObject({
      restored: 1,
      revoked: [id],
      compared: true,
    });
    expect((await world.here(['keys', 'show', id, '--json'])).json()).toMatchObject({ state: 'revoked' });
    expect((await world.here(['restore', 'nothing.db'])).code).toBe(1);
  });

  it('an export kept elsewhere shows later that entries were cut off', async () => {
    await world.here(['keys', 'create', '--name', 'x']);
    const file = join(world.home, 'export.ndjson');
    await writeFile(file, (await world.here(['audit', 'export'])).out);
    expect((await world.here(['audit', 'verify', '--against', 'export.ndjson'])).code).toBe(0);
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"hash":"./, '"hash":"x'));
    expect((await world.here(['audit', 'verify', '--against', 'export.ndjson'])).code).toBe(1);
    await writeFile(file, `${JSON.stringify({ sequence: 9, hash: '0'.repeat(64) })}\n`);
    expect((await world.here(['audit', 'verify', '--against', 'export.ndjson', '--json'])).json()).toMatchObject({
      intact: false,
    });
    expect((await world.here(['audit', 'verify', '--against', 'missing'])).err).toContain('missing');
  });

  it('finds keys in files by their checksum and prints no secret', async () => {
    const secret = (await world.here(['keys', 'create', '--name', 'x'])).out.trim();
    await writeFile(join(world.home, 'notes.txt'), `one\nkey=${secret}\n`);
    const found = await world.run(['keys', 'scan', 'notes.txt', '--json']);
    expect([found.code, found.json()['data']]).toEqual([
      1,
      [
        {
          file: join(world.home, 'notes.txt'),
          line: 2,
          column: 5,
          id: secret.slice(3, 15),
          prefix: secret.slice(0, 15),
        },
      ],
    ]);
    expect(found.out).not.toContain(secret);
    await writeFile(join(world.home, 'notes.txt'), 'nothing here');
    expect((await world.run(['keys', 'scan', 'notes.txt'])).code).toBe(0);
  });

  it('people get lines for programs without a terminal, and aligned columns on one', async () => {
    await world.here(['keys', 'create', '--name', '漢字']);
    await world.here(['keys', 'create', '--name', 'x']);
    expect((await world.here(['keys', 'list'])).out.split('\n')[0]).toBe(
      'ID\tNAME\tOWNER\tSCOPES\tSTATE\tEXPIRES\tLAST USED',
    );
    const lines = (await world.here(['keys', 'list'], { terminal: true, env: { NO_COLOR: '1' } })).out.split('\n');
    expect(lines[0]).toMatch(/^ID +NAME +OWNER/);
    expect(lines.join('')).not.toContain('\u001b');
    expect((await world.here(['keys', 'list'], { terminal: true })).out).toContain('\u001b[1m');
  });

  it('validates a configuration: every fault with its line, and what a valid one would do', async () => {
    await writeFile(join(world.home, 'bad.yaml'), 'lisen: 1\nserver:\n  max_body_bytes: -1\n');
    const bad = await world.run(['check', 'bad.yaml']);
    expect([bad.code, bad.out]).toEqual([1, '']);
    expect(bad.err).toMatch(/bad\.yaml:1:1: .*listen/);
    expect(bad.err).toMatch(/bad\.yaml:3:/);
    const asJson = JSON.parse((await world.run(['check', 'bad.yaml', '--json'])).err) as { errors: unknown[] };
    expect(asJson.errors).toHaveLength(2);
    await writeFile(join(world.home, 'keyporter.yaml'), 'listen: 127.0.0.1:7000\n');
    const good = await world.run(['check']);
    expect([good.code, good.out.includes('7000')]).toEqual([0, true]);
  });

  it('shows the configuration with its secrets masked, and the schema of it', async () => {
    await writeFile(
      join(world.home, 'keyporter.yaml'),
      'upstreams: [{ url: "http://127.0.0.1:8080", api_key: sk-canary-123 }]\n',
    );
    for (const args of [
      ['config', 'show'],
      ['config', 'show', '--json'],
    ]) {
      const { code, out } = await world.run(args);
      expect([code, out.includes('8080'), out.includes('sk-canary-123')]).toEqual([0, true, false]);
    }
    expect((await world.run(['config', 'schema'])).json()['$schema']).toContain('json-schema.org');
  });

  it('a faulty configuration is shown, and does not hide a data directory that is named', async () => {
    await world.here(['keys', 'create', '--name', 'x']);
    await writeFile(join(world.home, 'keyporter.yaml'), 'nonsense: 1\n');
    const { code, err } = await world.run(['keys', 'list']);
    expect([code, err.includes('keyporter.yaml:1:1'), err.includes('keyporter check')]).toEqual([1, true, true]);
  });

  it('writes completion that the shell understands', async () => {
    const { out } = await world.run(['completion', 'bash']);
    const typed: [string, string][] = [
      ['keys re', 'revoke'],
      ['keys show abc --js', '--json'],
      ['--config any keys li', 'list'],
      ['keys create --name keys --sc', '--scope'],
      ['completion z', 'zsh'],
    ];
    const asked = typed.map(
      ([line]) =>
        `COMP_WORDS=(keyporter ${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _keyporter; echo "\${COMPREPLY[*]}"`,
    );
    expect(
      spawnSync('bash', ['-c', [out, ...asked].join('\n')], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n'),
    ).toEqual(typed.map(([, word]) => expect.stringContaining(word)));
    for (const shell of ['zsh', 'fish']) expect((await world.run(['completion', shell])).out).toContain('keyporter');
    expect((await world.run(['completion', 'tcsh'])).code).toBe(2);
  });

  it('describes its API without a store', async () => {
    expect((await world.run(['openapi'])).json()).toMatchObject({ openapi: '3.1.0' });
  });
});
