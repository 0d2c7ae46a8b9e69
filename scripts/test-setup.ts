import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * The worker threads are loaded from dist/, also by code that runs from src/: build before the first test.
 * The web UI, which takes longer, only when there is none: `npm test` has built the present one by now.
 */
export function setup(): void {
  const script = fileURLToPath(new URL('build.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [script, '--any-ui'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The build failed, and the tests need it.');
}
