import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTS } from './engine-parts.js';

export interface ServerRoute {
  method: string;
  /** With `{name}` for what a caller fills in. */
  path: string;
}

const METHODS: Readonly<Record<string, string>> = { get: 'GET', post: 'POST', del: 'DELETE' };

/** Every route the server registers, read from its sources. */
export async function routesOf(): Promise<ServerRoute[]> {
  const text = await readFile(join(PARTS.source, 'tools/server/server.cpp'), 'utf8');
  const found = [...text.matchAll(/ctx_http\.(get|post|del) *\( *"([^"]+)"/g)].map(([, method = '', path = '']) => ({
    method: METHODS[method] ?? '',
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
  }));
  const lines = new Map(found.map((route) => [`${route.method} ${route.path}`, route]));
  return [...lines.values()];
}

/** A path as somebody asks for it. */
export function filledIn(path: string): string {
  return path.replaceAll(/\{\w+\}/g, '0');
}
