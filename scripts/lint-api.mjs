// Judges the description of the admin API, as the built program prints it, by redocly.yaml. Asks nothing of the network.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

const described = spawnSync(process.execPath, [join(ROOT, 'dist/main.js'), 'openapi'], { encoding: 'utf8' });
if (described.status !== 0) throw new Error(`The description cannot be made: ${described.stderr}`);

const folder = await mkdtemp(join(tmpdir(), 'keyporter-api-'));
try {
  const file = join(folder, 'openapi.json');
  await writeFile(file, described.stdout);
  const cli = require.resolve('@redocly/cli/bin/cli.js');
  const options = ['lint', file, '--config', join(ROOT, 'redocly.yaml')];
  const outcome = spawnSync(process.execPath, [cli, ...options], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...QUIET },
  });
  if (outcome.status !== 0) process.stdout.write(`${outcome.stdout}${outcome.stderr}`);
  process.exitCode = outcome.status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
