import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './tidy/source-tree.js';

interface Manifest {
  version: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  engines: { node: string };
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

interface LockEntry {
  version?: string;
  resolved?: string;
  hasInstallScript?: boolean;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const manifest = readJson('package.json') as Manifest;
const lock = (readJson('package-lock.json') as { packages: Record<string, LockEntry> }).packages;

describe('the package', () => {
  it('has every file that its entries name', () => {
    const entries = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((one) => Object.values(typeof one === 'string' ? { one } : one)),
    ];
    expect(entries.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('has a command that runs by its own name', () => {
    const command = join(ROOT, manifest.bin['keyporter'] ?? '');
    expect(readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true);
    expect(statSync(command).mode & 0o111).toBe(0o111);
    expect(execFileSync(join(ROOT, 'dist/bin/keyporter'), ['--version'], { encoding: 'utf8' })).toContain(
      manifest.version,
    );
  });

  it('needs nothing beside Node.js at run time but what is optional', () => {
    const bundled = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.js'),
    );
    const allowed = new Set([...builtinModules, ...Object.keys(manifest.optionalDependencies)]);
    const needed = bundled.flatMap((path) =>
      [...readFileSync(join(ROOT, 'dist', path), 'utf8').matchAll(/^import [^'"]*from ["']([^."'][^"']*)["'];$/gm)].map(
        ([, name = '']) => name,
      ),
    );
    expect([...new Set(needed)].filter((name) => !name.startsWith('node:') && !allowed.has(name))).toEqual([]);
  });

  it('can be used as a library', async () => {
    const library = (await import(join(ROOT, 'dist/index.js'))) as Record<string, unknown>;
    expect(typeof library['createGateway']).toBe('function');
  });
});

describe('a start', () => {
  const asked = (version: string) =>
    spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `import { requireNode } from './scripts/install.mjs'; requireNode('${version}');`],
      { cwd: ROOT, encoding: 'utf8' },
    );

  it.each(['18.20.4', '20.18.9'])('on Node.js %s ends with a sentence that says what to install', (version) => {
    const { status, stderr } = asked(version);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Keyporter needs Node\.js 20\.19 or newer and this is .*Install Node\.js 24 .*\n$/);
  });

  it.each(['20.19.0', '24.21.0'])('on Node.js %s goes on', (version) => {
    expect(asked(version).status).toBe(0);
  });
});

describe('the lock file', () => {
  it('names exact versions for everything asked for', () => {
    const asked = Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    });
    expect(asked.filter(([, version]) => !/^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('has an entry for the optional packages of every platform, without which npm refuses a clean install', () => {
    const missing = Object.entries(lock).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !lock[`node_modules/${name}`] && !lock[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('names no host to download from', () => {
    expect(Object.keys(lock).filter((path) => lock[path]?.resolved !== undefined)).toEqual([]);
  });

  it('has no package at run time with an install script but the one that was tried without', () => {
    const scripted = Object.keys(lock).filter((path) => path !== '' && lock[path]?.hasInstallScript && !lock[path].dev);
    expect(scripted).toEqual(['node_modules/@photostructure/sqlite']);
  });
});
