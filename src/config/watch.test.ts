import { mkdtemp, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../core/clock.js';
import { ConfigWatcher, watchConfig } from './watch.js';

let directory: string;
let file: string;
let told: string[];
let watcher: ConfigWatcher;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kp-watch-'));
  file = join(directory, 'keyporter.yaml');
  await writeFile(file, 'old');
  told = [];
  watcher = new ConfigWatcher(file, (text) => told.push(text));
  await look(3);
  expect(told).toEqual([]);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function look(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await watcher.look();
}

describe('a watched configuration file', () => {
  it('is told once, whole, after it was written over', async () => {
    await writeFile(file, 'new');
    await look(5);
    expect(told).toEqual(['new']);
  });

  it('is told after another file was renamed over it', async () => {
    await writeFile(`${file}.tmp`, 'new');
    await rename(`${file}.tmp`, file);
    await look(2);
    expect(told).toEqual(['new']);
  });

  it('is told after the link to it was swapped, as orchestrators do', async () => {
    await Promise.all([writeFile(join(directory, 'v1'), 'one'), writeFile(join(directory, 'v2'), 'two')]);
    const link = join(directory, 'link.yaml');
    await symlink('v1', link);
    watcher = new ConfigWatcher(link, (text) => told.push(text));
    await look(2);
    await symlink('v2', `${link}.tmp`);
    await rename(`${link}.tmp`, link);
    await look(2);
    expect(told).toEqual(['two']);
  });

  it('is never told while it is still being written', async () => {
    const writing = await open(file, 'w');
    for (const part of ['a', 'b', 'c', 'd']) {
      await watcher.look();
      await writing.write(part);
    }
    await writing.close();
    expect(told).toEqual([]);
    await look(2);
    expect(told).toEqual(['abcd']);
  });

  it('is not told while it is missing or empty', async () => {
    await writeFile(file, '');
    await look(3);
    await unlink(file);
    await look(3);
    expect(told).toEqual([]);
    await writeFile(file, 'new');
    await look(2);
    expect(told).toEqual(['new']);
  });

  it('is not told when it was touched or written with the same content', async () => {
    await writeFile(file, 'old');
    await look(3);
    expect(told).toEqual([]);
  });

  it('is told again when it goes back to what it was', async () => {
    await writeFile(file, 'new');
    await look(2);
    await writeFile(file, 'old');
    await look(2);
    expect(told).toEqual(['new', 'old']);
  });

  it('is told on the ticks of the clock until it is stopped', async () => {
    let tick = (): void => undefined;
    let cancelled = false;
    const clock: Clock = {
      ...systemClock,
      every(_, fire) {
        tick = fire;
        return () => void (cancelled = true);
      },
    };
    const first = new Promise<string>((resolve) => {
      const stop = watchConfig(file, clock, (text) => {
        stop();
        resolve(text);
      });
    });
    await writeFile(file, 'new');
    const ticking = setInterval(() => tick(), 1);
    expect(await first).toBe('new');
    clearInterval(ticking);
    expect(cancelled).toBe(true);
  });
});
