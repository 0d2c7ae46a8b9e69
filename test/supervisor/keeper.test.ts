import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { KeeperFault, openKeeper, type KeeperLink } from '../../src/supervisor/keeper-link.js';
import type { ProcessOrder } from '../../src/supervisor/protocol.js';
import { deferred, until } from '../support/patience.js';
import { isRunning } from './supervised-world.js';

const LIMIT_MS = 60_000;
let dir: string;
const links = new Set<KeeperLink>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kp-'));
});
afterEach(async () => {
  await Promise.all([...links].map((link) => link.end()));
  links.clear();
  await rm(dir, { recursive: true, force: true });
});

interface Opened {
  link: KeeperLink;
  exits: string[];
  lost: Promise<void>;
}

async function open(): Promise<Opened> {
  const lost = deferred();
  const exits: string[] = [];
  const places = { socket: join(dir, 'keeper.sock'), record: join(dir, 'keeper.json'), log: join(dir, 'keeper.log') };
  const link = await openKeeper({ places, clock: systemClock, exited: (name) => exits.push(name), lost: lost.resolve });
  if (link === null) throw new Error('there is no keeper');
  links.add(link);
  return { link, exits, lost: lost.promise };
}

function order(name: string, argv: string[]): ProcessOrder {
  const logFile = join(dir, `${name}.log`);
  return {
    name,
    argv,
    env: { PATH: '/usr/bin:/bin' },
    cwd: dir,
    logFile,
    takeoverMs: 60_000,
    fingerprint: 'f',
    port: 1,
    apiKey: null,
  };
}

describe('the keeper', () => {
  it('listens where only its user gets in', { timeout: LIMIT_MS }, async () => {
    await open();
    expect((await stat(join(dir, 'keeper.sock'))).mode & 0o777).toBe(0o600);
  });

  it('tells that a process ended, and says the code of one that cannot be started', { timeout: LIMIT_MS }, async () => {
    const { link, exits } = await open();
    await link.start(order('short', ['true']));
    await expect(link.start(order('none', ['/no/such/program']))).rejects.toEqual(new KeeperFault('ENOENT'));
    await until(10_000, 'the end', async () => {
      await link.keep('nobody', 1);
      return exits.includes('short');
    });
  });

  it('ends a process together with what it started', { timeout: LIMIT_MS }, async () => {
    const { link } = await open();
    const { pid } = await link.start(order('group', ['sh', '-c', 'trap "" TERM; sleep 1000 & wait; wait']));
    expect(await isRunning(pid)).toBe(true);
    await link.stop('group');
    expect(() => process.kill(-pid, 0)).toThrow('ESRCH');
  });

  it('leaves nobody behind that was only being started when it was told to end', { timeout: LIMIT_MS }, async () => {
    const spans: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const span = `${1e6 + round}.${process.pid}`;
      spans.push(span);
      const { link } = await open();
      const starting = link.start(order('late', ['sleep', span])).catch(() => null);
      await link.end();
      await starting;
    }
    const left = spans.filter((span) => spawnSync('pgrep', ['-f', `sleep ${span}`]).status === 0);
    expect(left).toEqual([]);
  });

  it('leaves nobody behind that was only being started when its gateway went', { timeout: LIMIT_MS }, async () => {
    const span = `2000000.${process.pid}`;
    await open();
    const gateway: Socket = connect(join(dir, 'keeper.sock'));
    const late = { ...order('late', ['sleep', span]), takeoverMs: 1 };
    gateway.write(
      `${JSON.stringify({ id: 1, ask: 'hello' })}\n${JSON.stringify({ id: 2, ask: 'start', order: late })}\n`,
    );
    gateway.end();
    await until(10_000, 'the keeper to end', async () => !existsSync(join(dir, 'keeper.sock')));
    expect(spawnSync('pgrep', ['-f', `sleep ${span}`]).status).toBe(1);
  });

  it('of another version is ended, with what it kept, and another one is started', { timeout: LIMIT_MS }, async () => {
    const told: string[] = [];
    const server: Server = createServer((socket) => {
      socket.on('data', (text) => {
        for (const line of text.toString().trim().split('\n')) {
          const { id, ask } = JSON.parse(line) as { id: number; ask: string };
          told.push(ask);
          if (ask === 'hello') socket.write(`${JSON.stringify({ re: id, version: 999, processes: 'unknown' })}\n`);
          else server.close(() => {});
          if (ask === 'end') socket.destroy();
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'keeper.sock'), resolve));
    const { link } = await open();
    expect(told).toEqual(['hello', 'end']);
    expect(link.found).toEqual([]);
    await link.start(order('works', ['sleep', '1000']));
  });

  it('hangs up on who speaks something else, and goes on', { timeout: LIMIT_MS }, async () => {
    const { link } = await open();
    const { pid } = await link.start(order('stays', ['sleep', '1000']));
    for (const words of ['GET / HTTP/1.1\r\n\r\n', '{"ask":"end","id":1}\n', '{"ask":"nothing"}\n']) {
      const closed = deferred();
      const stranger: Socket = connect(join(dir, 'keeper.sock'), () => stranger.write(words));
      stranger.on('close', closed.resolve);
      await closed.promise;
    }
    await link.keep('stays', 60_000);
    expect(await isRunning(pid)).toBe(true);
  });

  it('belongs to the gateway that came last', { timeout: LIMIT_MS }, async () => {
    const first = await open();
    const { pid } = await first.link.start(order('stays', ['sleep', '1000']));
    const next = await open();
    await first.lost;
    expect(next.link.found.map((found) => [found.name, found.pid])).toEqual([['stays', pid]]);
    await expect(first.link.stop('stays')).rejects.toEqual(new KeeperFault('lost'));
  });
});
