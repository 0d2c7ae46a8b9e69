import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { tell } from './role.js';

export interface PlainSettings {
  backendPort: number;
  key: string;
}

/**
 * The plain way to write a gateway on this runtime: node:http, undici, one hashed key, nothing else
 * checked, bounded, logged or told. What a product costs above this is its own.
 */
export function plain(settings: PlainSettings): void {
  const pool = new Pool(`http://127.0.0.1:${settings.backendPort}`, { connections: 256, bodyTimeout: 0 });
  const known = createHash('sha256').update(`Bearer ${settings.key}`).digest();
  const server = createServer((incoming, outgoing) => {
    const shown = createHash('sha256')
      .update(incoming.headers.authorization ?? '')
      .digest();
    if (!timingSafeEqual(shown, known)) return void outgoing.writeHead(401).end();
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    return void incoming.on('end', () =>
      forward(pool, { path: incoming.url ?? '/', body: Buffer.concat(pieces) }, outgoing),
    );
  });
  server.listen(0, '127.0.0.1', () => tell({ what: 'listening', port: (server.address() as AddressInfo).port }));
}

function forward(pool: Pool, request: { path: string; body: Buffer }, outgoing: ServerResponse): void {
  let abort: () => void = () => {};
  outgoing.on('close', () => abort());
  pool.dispatch(
    { method: 'POST', path: request.path, headers: { 'content-type': 'application/json' }, body: request.body },
    {
      onRequestStart: (controller) => {
        abort = () => controller.abort(new Error('the caller left'));
      },
      onResponseStart: (_controller, status, headers) =>
        void outgoing.writeHead(status, { 'content-type': headers['content-type'] ?? '' }),
      onResponseData: (_controller, chunk) => void outgoing.write(chunk),
      onResponseEnd: () => {
        abort = () => {};
        outgoing.end();
      },
      onResponseError: () => void outgoing.destroy(),
    },
  );
}
