import { mkdtemp, readdir, readFile, rm, stat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/patience.js';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { openLogFile } from '../../src/supervisor/log-file.js';
import { followLines, lastLines } from '../../src/supervisor/log-tail.js';

const SECRET = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0';
let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kp-'));
  path = join(dir, 'logs', 'm-0.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the log of a process', () => {
  it('never takes more than twice its bound, and keeps the newest lines', async () => {
    const log = openLogFile({ path, secret: null, largestBytes: 1000 });
    for (let line = 0; line < 500; line += 1) log.write(Buffer.from(`line ${line}\n`));
    log.close();
    const sizes = await Promise.all(
      (await readdir(join(dir, 'logs'))).map(async (name) => (await stat(join(dir, 'logs', name))).size),
    );
    expect(sizes.length).toBe(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect((await lastLines(path, 3)).lines).toEqual(['line 497', 'line 498', 'line 499']);
    expect((await lastLines(path, 10_000)).lines.length).toBeGreaterThan(100);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('never holds the private key, however the output is cut into pieces', async () => {
    const text = `args: --api-key ${SECRET}\n${SECRET}${SECRET}\n{"key":"${SECRET}"} no end`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: text.length }), { maxLength: 12 }), async (cuts) => {
        await rm(path, { force: true });
        const log = openLogFile({ path, secret: SECRET });
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        for (const [index, from] of places.entries())
          log.write(Buffer.from(text.slice(from, places[index + 1] ?? text.length)));
        log.close();
        expect(await readFile(path, 'utf8')).toBe(`${text.replaceAll(SECRET, '[secret]')}\n`);
      }),
      { numRuns: 50 },
    );
  });

  it('finds the key in a line that is too long to wait for its end', async () => {
    const log = openLogFile({ path, secret: SECRET });
    for (let piece = 0; piece < 40; piece += 1) {
      log.write(Buffer.from(`${'x'.repeat(5000)}${SECRET.slice(0, 30)}`));
      log.write(Buffer.from(SECRET.slice(30)));
    }
    log.close();
    const written = await readFile(path, 'utf8');
    expect(written).not.toContain(SECRET);
    expect(written.split('[secret]').length).toBe(41);
  });

  it('loses lines where it cannot write, and throws nothing', async () => {
    await mkdir(path, { recursive: true });
    const log = openLogFile({ path, secret: null });
    log.write(Buffer.from('lost\n'));
    log.close();
    expect((await readdir(join(dir, 'logs'))).toString()).toBe('m-0.log');
  });

  it('is followed over the change of its file, and no line is left out', async () => {
    const log = openLogFile({ path, secret: null, largestBytes: 200 });
    log.write(Buffer.from('before\n'));
    let look = (): void => {};
    const clock: Clock = { ...systemClock, every: (_, fire) => ((look = fire), () => {}) };
    const seen: string[] = [];
    const { end, lines } = await lastLines(path, 1);
    followLines(path, end, { clock, line: (text) => seen.push(text) });
    const written = Array.from({ length: 20 }, (_, index) => `${index} ${'x'.repeat(30)}`);
    // Two lines between two looks: some of them are in the file that was put aside.
    for (let at = 0; at < written.length; at += 2) {
      for (const line of written.slice(at, at + 2)) log.write(Buffer.from(`${line}\n`));
      await until(10_000, 'the lines', async () => {
        look();
        return seen.length === at + 2;
      });
    }
    log.close();
    expect([lines, seen]).toEqual([['before'], written]);
  });
});
