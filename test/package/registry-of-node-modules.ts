import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../tidy/source-tree.js';

interface LockEntry {
  dev?: boolean;
}

/** What was installed once comes from npm's cache the second time. */
const LASTING = { 'cache-control': 'public, immutable, max-age=3600' };

/** A package registry that has the packages of `node_modules` which are needed at run time, and nothing else. */
export class RegistryOfNodeModules {
  /** Names that were asked for. */
  readonly asked = new Set<string>();
  readonly #server: Server;
  /** Folders below `node_modules` by name; a package may be there in several versions. */
  readonly #folders = new Map<string, string[]>();

  private constructor() {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, LockEntry>;
    };
    for (const [path, { dev }] of Object.entries(lock.packages)) {
      if (path === '' || dev === true) continue;
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      this.#folders.set(name, [...(this.#folders.get(name) ?? []), path]);
    }
    this.#server = createServer((request, response) => this.#answer(decodeURIComponent(request.url ?? '/'), response));
  }

  static async start(): Promise<RegistryOfNodeModules> {
    const registry = new RegistryOfNodeModules();
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(path: string, response: ServerResponse): void {
    if (path.startsWith('/-/pack/')) return sendPacked(path.slice('/-/pack/'.length), response);
    const name = path.slice(1);
    this.asked.add(name);
    const versions = Object.fromEntries((this.#folders.get(name) ?? []).flatMap((folder) => this.#version(folder)));
    const [latest] = Object.keys(versions);
    response.writeHead(latest === undefined ? 404 : 200, { 'content-type': 'application/json', ...LASTING });
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions }));
  }

  /** Optional packages of other platforms are in the lock file and not in the folder. */
  #version(folder: string): [string, object][] {
    try {
      const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string };
      return [[manifest.version, { ...manifest, dist: { tarball: `${this.url}/-/pack/${folder}` } }]];
    } catch {
      return [];
    }
  }
}

function sendPacked(folder: string, response: ServerResponse): void {
  const at = folder.lastIndexOf('/');
  const name = folder.slice(at + 1);
  const options = ['--exclude', `${name}/node_modules`, '--transform', `s,^${name},package,`];
  const tar = spawn('tar', ['-czf', '-', ...options, '-C', join(ROOT, folder.slice(0, at)), name]);
  response.writeHead(200, { 'content-type': 'application/octet-stream', ...LASTING });
  tar.stdout.pipe(response);
}
