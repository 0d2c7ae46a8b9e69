import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeKey } from './format.js';
import { maskKeys, scanPaths, scanStream, scanText, type FoundKey, type Unreadable } from './scan.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyporter-scan-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function collect(paths: string[]): Promise<(FoundKey | Unreadable)[]> {
  return gather(scanPaths(paths));
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('finding keys in text', () => {
  test('both spellings are found with line, column and id, and the secret is not in the answer', () => {
    const first = makeKey();
    const second = makeKey();
    const text = `a = 1\nkey: "${first.secret.reveal()}"\r\n\n  sk-${second.secret.reveal().replaceAll('_', '')};`;
    const found = scanText(text, 'app.env');
    expect(found).toEqual([
      { kind: 'found', file: 'app.env', line: 2, column: 7, id: first.id, prefix: `kp_${first.id}` },
      { kind: 'found', file: 'app.env', line: 4, column: 6, id: second.id, prefix: `kp_${second.id}` },
    ]);
    expect(JSON.stringify(found)).not.toContain(first.secret.reveal().slice(16));
  });

  test('keys that touch each other or other letters are all found', () => {
    const keys = [makeKey(), makeKey(), makeKey()];
    const text = `kpkp_x${keys.map((key) => key.secret.reveal()).join('')}kp`;
    expect(scanText(text, '-').map((found) => found.id)).toEqual(keys.map((key) => key.id));
  });

  test('a mistyped key is not reported', () => {
    const text = makeKey().secret.reveal();
    expect(scanText(text.slice(0, -1) + (text.endsWith('0') ? '1' : '0'), '-')).toEqual([]);
  });

  test('a mask leaves the id and nothing of the secret', () => {
    const { id, secret } = makeKey();
    expect(maskKeys(`/v1/${secret.reveal()}/x kp_no`)).toBe(`/v1/kp_${id}_[secret]/x kp_no`);
    expect(maskKeys(secret.reveal().replaceAll('_', ''))).toBe(`kp_${id}_[secret]`);
  });
});

describe('finding keys in streams', () => {
  test('whatever the pieces, the same keys are found at the same places as in the whole text', async () => {
    const noise = fc.stringMatching(/^[kp_\n äx0]{0,40}$/);
    const spelled = fc.tuple(fc.nat(2), fc.boolean());
    const keys = [makeKey(), makeKey(), makeKey()].map((key) => key.secret.reveal());
    const part = fc.tuple(noise, spelled);
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 6 }),
        noise,
        fc.integer({ min: 1, max: 90 }),
        async (parts, end, size) => {
          const text =
            parts
              .map(([before, [which, compact]]) => before + (compact ? keys[which]?.replaceAll('_', '') : keys[which]))
              .join('') + end;
          const bytes = Buffer.from(text);
          const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
            bytes.subarray(at * size, (at + 1) * size),
          );
          expect(await gather(scanStream(Readable.from(pieces), 'f'))).toEqual(scanText(text, 'f'));
        },
      ),
    );
  });

  test('text in UTF-16 with a byte order mark is read as such', async () => {
    const { id, secret } = makeKey();
    const file = join(directory, 'powershell.txt');
    writeFileSync(file, `\ufeffkey\r\n${secret.reveal()}\r\n`, 'utf16le');
    expect(await collect([file])).toMatchObject([{ id, line: 2, column: 1 }]);
  });
});

describe('finding keys in files', () => {
  test('a key across the seam of two chunks of a large binary file is found', async () => {
    const { id, secret } = makeKey();
    const file = join(directory, 'core.dump');
    const noise = Buffer.alloc(256 * 1024 - 20, 0xfe);
    writeFileSync(file, Buffer.concat([noise, Buffer.from(secret.reveal()), noise]));
    expect(await collect([file])).toMatchObject([{ kind: 'found', id, file, line: 1 }]);
  });

  test('directories are searched to the bottom, loops of links and pipes are passed over', async () => {
    const { id, secret } = makeKey();
    mkdirSync(join(directory, 'a', 'b'), { recursive: true });
    writeFileSync(join(directory, 'a', 'b', '.env'), secret.reveal());
    symlinkSync(directory, join(directory, 'a', 'loop'));
    execFileSync('mkfifo', [join(directory, 'a', 'pipe')]);
    expect(await collect([directory])).toMatchObject([{ kind: 'found', id, file: join(directory, 'a', 'b', '.env') }]);
  });

  test('.git and node_modules are searched only when they are named', async () => {
    const { id, secret } = makeKey();
    mkdirSync(join(directory, 'node_modules'));
    writeFileSync(join(directory, 'node_modules', 'x.js'), secret.reveal());
    expect(await collect([directory])).toEqual([]);
    expect(await collect([join(directory, 'node_modules')])).toMatchObject([{ id }]);
  });

  test('what is missing or may not be read is reported and the rest is still searched', async () => {
    const { id, secret } = makeKey();
    writeFileSync(join(directory, 'good'), secret.reveal());
    const missing = join(directory, 'missing');
    expect(await collect([missing, directory])).toMatchObject([
      { kind: 'unreadable', file: missing, reason: expect.stringContaining('no such file') },
      { kind: 'found', id },
    ]);
  });

  test.skipIf(process.platform !== 'linux')('a file that fails while it is read is reported', async () => {
    expect(await collect(['/proc/self/mem'])).toMatchObject([{ kind: 'unreadable', file: '/proc/self/mem' }]);
  });
});
