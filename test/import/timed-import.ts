import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Imports a file with the program as it is installed, start and end of the process included. */
export async function timedImport(file: string, dataDir: string): Promise<{ tookMs: number; out: string }> {
  const begunMs = performance.now();
  const env = { PATH: process.env['PATH'], HOME: dirname(file) };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'import', file, '--data-dir', dataDir], {
    env,
    cwd: dirname(file),
  });
  return { tookMs: performance.now() - begunMs, out: stdout };
}
