import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The worker threads are loaded from dist/, also by code that runs from src/: build before the first test. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url))], { stdio: 'inherit' });
}
