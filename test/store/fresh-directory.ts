import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const directories: string[] = [];

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A new empty directory, removed when the tests of this file are done. */
export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'keyporter-store-'));
  directories.push(directory);
  return directory;
}
