// Brings node_modules/ in line with package-lock.json. Needs nothing but Node.js and npm.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];

/** Ends the process with a sentence when this Node.js is too old to go on. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  console.error(
    `Keyporter needs Node.js ${OLDEST_NODE.join('.')} or newer and this is ${version}. Install Node.js 24 from https://nodejs.org and run the command again.`,
  );
  process.exit(1);
}

/** Installs what the lock file names when what lies in node_modules/ is something else. */
export async function installMissing() {
  if (await upToDate()) return;
  console.log('installing packages (npm ci), about a minute the first time ...');
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'];
  const code = await run('npm', options);
  if (code !== 0) {
    console.error(
      'The packages could not be installed. The lines above say why; most often the package registry cannot be reached.',
    );
    process.exit(1);
  }
}

/** Compares the lock file with the one npm leaves in node_modules/ at the end of every install. */
async function upToDate() {
  const wanted = await packagesIn('package-lock.json');
  const present = await packagesIn('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return present[path] ? present[path].version === version : optional === true;
  });
}

async function packagesIn(file) {
  const text = await readFile(join(ROOT, file), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text).packages;
}

/** Runs a program on this terminal; answers its exit code. */
export function run(program, options, env = process.env) {
  const child = spawn(program, options, { cwd: ROOT, stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 1 : code));
  });
}
