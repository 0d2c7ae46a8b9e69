import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { announce, lock, openDataDirectory, runningGateway, socketPath } from '../../src/storage/data-directory.js';
import { GatewayHome } from '../support/spawn-gateway.js';
import { freshDirectory } from './fresh-directory.js';
import { openStore, refusalOf } from './opened.js';

const NOTICE = { pid: process.pid, socket: '/tmp/x.sock', url: 'http://127.0.0.1:5390', listen: '127.0.0.1:5390' };

const HOLD = `
  const { DatabaseSync } = process.getBuiltinModule?.('node:sqlite') ?? require('@photostructure/sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec('BEGIN EXCLUSIVE');
  console.log('held');
  process.stdin.resume();`;

describe('a data directory', () => {
  it('is made for its owner only, when it may be made', async () => {
    const path = join(freshDirectory(), 'a', 'b');
    const refusal = await refusalOf(openDataDirectory(path, { create: false }));
    expect(refusal).toMatchObject({ code: 'not_found', message: expect.stringContaining(path) as string });
    expect(existsSync(path)).toBe(false);
    const { path: made } = await openDataDirectory(path, { create: true });
    expect(statSync(made).mode & 0o777).toBe(0o700);
    await (await openStore(made)).close();
    expect((await openDataDirectory(path, { create: false })).path).toBe(made);
  });

  it('is refused when others may write to it, or when the path is a file', async () => {
    const dir = freshDirectory();
    chmodSync(dir, 0o770);
    expect((await refusalOf(openDataDirectory(dir, { create: true }))).message).toContain('chmod');
    writeFileSync(join(dir, 'file'), '');
    expect((await refusalOf(openDataDirectory(join(dir, 'file'), { create: true }))).code).toBe('store_unavailable');
  });

  it.skipIf(process.getuid?.() !== 0)('is refused when it belongs to another user, even for root', async () => {
    const dir = join(freshDirectory(), 'theirs');
    mkdirSync(dir);
    chownSync(dir, 12345, 12345);
    expect((await refusalOf(openDataDirectory(dir, { create: true }))).message).toContain('another user');
  });
});

describe('the lock', () => {
  it('is held by one at a time and can be taken again after its release', async () => {
    const dir = freshDirectory();
    expect(await runningGateway(dir)).toBeNull();
    const held = await lock(dir);
    expect(await refusalOf(lock(dir))).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(dir) as string,
    });
    held.release();
    held.release();
    (await lock(dir)).release();
    expect(await runningGateway(dir)).toBeNull();
  });

  it('many who want it at once: one gets it', async () => {
    const dir = freshDirectory();
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => lock(dir)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.release();
  });

  it('of another process is refused, and is free as soon as that process is killed', async () => {
    const dir = freshDirectory();
    (await lock(dir)).release();
    const child = spawn(process.execPath, ['-e', HOLD, join(dir, 'lock.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect((await refusalOf(lock(dir))).code).toBe('conflict');
    await announce(dir, { ...NOTICE, pid: child.pid ?? 0 });
    expect(await runningGateway(dir)).toMatchObject({ pid: child.pid, url: NOTICE.url });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await runningGateway(dir)).toBeNull();
    (await lock(dir)).release();
  });

  it('a notice left behind by a killed gateway means nothing', async () => {
    const dir = freshDirectory();
    await announce(dir, NOTICE);
    expect(await runningGateway(dir)).toBeNull();
    const held = await lock(dir);
    expect(existsSync(join(dir, 'keyporter.json'))).toBe(false);
    await announce(dir, NOTICE);
    expect(statSync(join(dir, 'keyporter.json')).mode & 0o777).toBe(0o600);
    expect(await runningGateway(dir)).toEqual(NOTICE);
    held.release();
    expect(existsSync(join(dir, 'keyporter.json'))).toBe(false);
  });

  it.each(['', 'not a database '.repeat(500)])('of other bytes is refused, and may be removed', async (bytes) => {
    const dir = freshDirectory();
    const file = join(dir, 'lock.db');
    writeFileSync(file, bytes);
    for (const refusal of [await refusalOf(lock(dir)), await refusalOf(runningGateway(dir))]) {
      expect(refusal.code).toBe('store_unavailable');
      expect(refusal.message).toContain('then remove the file');
    }
    rmSync(file);
    (await lock(dir)).release();
  });

  it('held without a notice is told as a command at work', async () => {
    const dir = freshDirectory();
    const held = await lock(dir);
    expect((await refusalOf(runningGateway(dir))).code).toBe('conflict');
    held.release();
  });

  it('held without a notice ends commands and gateways of other processes with a sentence', async () => {
    const home = await GatewayHome.make({});
    expect((await home.run(['keys', 'create', '--name', 'x'])).code).toBe(0);
    const held = await lock(home.dataDir);
    for (const command of [['keys', 'list'], ['serve'], ['stop']]) {
      const { code, output } = await home.run(command);
      expect([command, code, output]).toEqual([
        command,
        1,
        expect.stringContaining('Another Keyporter command works on'),
      ]);
    }
    held.release();
    await home.remove();
  });
});

describe('the socket', () => {
  it('lies in the directory, or in the runtime directory when the path is too long', () => {
    expect(socketPath('/var/lib/keyporter', '/run/user/1')).toBe('/var/lib/keyporter/keyporter.sock');
    const long = `/${'d'.repeat(120)}`;
    expect(socketPath(long, '/run/user/1')).toMatch(/^\/run\/user\/1\/keyporter-[0-9a-f]{16}\.sock$/);
    expect(socketPath(long, '/run/user/1')).not.toBe(socketPath(`${long}x`, '/run/user/1'));
    expect(() => socketPath(long, null)).toThrow('too long');
    expect(Buffer.byteLength(socketPath(`/${'ü'.repeat(44)}`, null))).toBeLessThanOrEqual(107);
  });
});
