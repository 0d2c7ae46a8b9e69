import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RegistryOfNodeModules } from './package/registry-of-node-modules.js';
import { RecordingUpstream } from './support/recording-upstream.js';
import { ROOT } from './tidy/source-tree.js';

const run = promisify(execFile);
const LARGEST_BYTES = 5 * 1024 * 1024;
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string; files: string[] };

describe('the packed package in an empty folder', () => {
  let place: string;
  let tarball: string;
  /** The `node_modules` that the package was installed into. */
  let installed: string;
  let npxSaid: string;
  let registry: RegistryOfNodeModules;
  let env: NodeJS.ProcessEnv;
  const npm = (...args: string[]) => run('npm', args, { cwd: place, env });
  const keyporter = (...args: string[]) => run(join(installed, '.bin/keyporter'), args, { cwd: place, env });

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'kp-package-'));
    registry = await RegistryOfNodeModules.start();
    env = {
      PATH: process.env['PATH'],
      HOME: place,
      npm_config_registry: registry.url,
      npm_config_cache: join(place, 'cache'),
      npm_config_update_notifier: 'false',
      npm_config_ignore_scripts: 'true',
      npm_config_audit: 'false',
      npm_config_prefer_offline: 'true',
      npm_config_fund: 'false',
    };
    const clone = stageClone(join(place, 'clone'));
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', place], { cwd: clone, env });
    tarball = join(place, stdout.trim().split('\n').at(-1) ?? '');
    npxSaid = (await npm('exec', '--yes', '--package', tarball, '--', 'keyporter', '--version')).stdout.trim();
    // What npx makes is what `npm install` makes of an empty folder.
    const [folder = ''] = readdirSync(join(place, 'cache/_npx'));
    installed = join(place, 'cache/_npx', folder, 'node_modules');
  });

  afterAll(async () => {
    await registry.close();
    await rm(place, { recursive: true, force: true });
  });

  it('is small, and publint finds no fault in it', async () => {
    expect(statSync(tarball).size).toBeLessThan(LARGEST_BYTES);
    const { stdout } = await run(process.execPath, [
      join(ROOT, 'node_modules/publint/src/cli.js'),
      '--strict',
      '--pack',
      'false',
      join(installed, 'keyporter'),
    ]);
    expect(stdout).toContain('All good!');
  });

  it('runs by npx from the tarball alone, without any install script', () => {
    expect(npxSaid).toBe(manifest.version);
  });

  it('checks a configuration', async () => {
    await writeFile(join(place, 'keyporter.yaml'), 'upstreams: [{ url: "http://127.0.0.1:1" }]\n');
    expect((await keyporter('check', 'keyporter.yaml')).stdout).toContain('is valid');
    await writeFile(join(place, 'faulty.yaml'), 'modells: {}\n');
    await expect(keyporter('check', 'faulty.yaml')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('models'),
    });
  });

  it('serves: a chat goes through it with the first key', async () => {
    const upstream = await RecordingUpstream.start({ models: ['test-model'] });
    // A model of the configuration is on offer from the start, before its server was looked at.
    const models = { 'test-model': { replicas: [{ url: upstream.url }] } };
    await writeFile(join(place, 'serve.yaml'), JSON.stringify({ models }), { mode: 0o600 });
    const served = serve(join(installed, '.bin/keyporter'), { place, env });
    try {
      const { url, first_key: made } = await served.announced;
      const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hello' }] });
      const headers = { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
      expect([answer.status, await answer.json()]).toMatchObject([
        200,
        { choices: [{ message: { content: 'Hello there' } }] },
      ]);
      const page = await fetch(`${url}/ui/`);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
      const stopped = new Promise((resolve) => served.child.once('exit', resolve));
      await keyporter('stop', '--data-dir', join(place, 'data'));
      expect(await stopped).toBe(0);
    } finally {
      served.child.kill('SIGKILL');
      await upstream.close();
    }
  });

  it('can be used as a library, and as a guard of other programs', async () => {
    const text = `import { createGateway } from 'keyporter'; import { requireKey } from 'keyporter/middleware'; console.log(typeof createGateway, typeof requireKey);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: installed, env });
    expect(stdout.trim()).toBe('function function');
  });
});

/** What npm would find in a fresh clone after a build: `dist` here may hold chunks of earlier builds. */
function stageClone(clone: string): string {
  const chunks = new Set(readFileSync(join(ROOT, 'dist/.stamp'), 'utf8').split('\n').slice(1));
  const isOld = (path: string): boolean => /[\\/]chunks[\\/]/.test(path) && !chunks.has(path.replace(/^.*[\\/]/, ''));
  mkdirSync(clone);
  for (const name of ['dist', 'docs', 'deploy', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'])
    cpSync(join(ROOT, name), join(clone, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !isOld(path),
    });
  return clone;
}

interface Announced {
  url: string;
  first_key: { id: string; key: string };
}

function serve(
  program: string,
  { place, env }: { place: string; env: NodeJS.ProcessEnv },
): { child: ChildProcess; announced: Promise<Announced> } {
  const places = ['--config', join(place, 'serve.yaml'), '--data-dir', join(place, 'data')];
  const words = ['serve', '--listen', '127.0.0.1:0', '--first-key', '--json', ...places];
  const child = spawn(program, words, { cwd: place, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const announced = new Promise<Announced>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Announced));
    child.once('exit', (code) => reject(new Error(`keyporter serve ended with ${code}`)));
  });
  return { child, announced };
}
