import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../core/errors.js';
import type { UiFile, UiFiles } from '../pipeline/ui-files.js';

/** Kinds of files a build makes. What is of no such kind is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** The build writes files with a digest in their name here, and nothing else. */
const HASHED = /^assets\//;

/**
 * The files under `directory`, all read when the first is asked for: a build that replaces them while the
 * gateway runs never mixes two of itself. Files that start with a dot are left out.
 */
export function createUiFiles(directory: string | null = builtDirectory()): UiFiles {
  let read: Promise<ReadonlyMap<string, UiFile>> | null = null;
  return {
    async find(name) {
      read ??= readAll(directory).catch((error: unknown) => {
        // Once it is built it is found.
        read = null;
        throw error;
      });
      return (await read).get(name) ?? null;
    },
  };
}

/** Beside the bundle when we run from one, in `dist` when we run from `src`. */
function builtDirectory(): string | null {
  const candidates = ['./ui', '../ui', '../../dist/ui'];
  const places = candidates.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return places.find((place) => existsSync(join(place, 'index.html'))) ?? null;
}

async function readAll(directory: string | null): Promise<ReadonlyMap<string, UiFile>> {
  const place = directory ?? builtDirectory();
  if (place === null || !existsSync(join(place, 'index.html'))) {
    throw new Refusal('unknown_url', {
      message: 'The web interface was not built with this program. Run `npm run build` where it was installed from.',
    });
  }
  const names = await readdir(place, { recursive: true });
  const files = new Map<string, UiFile>();
  for (const name of names.map((one) => one.split('\\').join('/'))) {
    const contentType = TYPES[extname(name)];
    if (contentType === undefined || name.split('/').some((part) => part.startsWith('.'))) continue;
    files.set(name, await readOne(join(place, name), { contentType, immutable: HASHED.test(name) }));
  }
  return files;
}

async function readOne(file: string, about: Pick<UiFile, 'contentType' | 'immutable'>): Promise<UiFile> {
  const [bytes, brotli, gzip] = await Promise.all([
    readFile(file),
    readFile(`${file}.br`).catch(() => null),
    readFile(`${file}.gz`).catch(() => null),
  ]);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { ...about, bytes, brotli, gzip, etag };
}
