import { build } from 'esbuild';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles a program of the tests into a directory of its own, with the worker of the store beside it. */
export async function bundled(program: string): Promise<string> {
  const place = join(ROOT, 'dist', 'tests');
  mkdirSync(place, { recursive: true });
  const outfile = join(place, `${program}-${process.pid}.js`);
  await build({
    entryPoints: [fileURLToPath(new URL(`${program}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@photostructure/sqlite'],
    banner: {
      js: `import { createRequire as childRequire } from 'node:module';\nconst require = childRequire(import.meta.url);`,
    },
    logLevel: 'error',
  });
  return outfile;
}

/** Runs a bundled program; what it complains about is passed on. */
export function startChild(program: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.on('data', (bytes: Buffer) => process.stderr.write(bytes));
  return child;
}
