import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { AdminFetch } from '../admin/caller.js';
import type { Secret } from '../core/secret.js';

/** A place that speaks the admin API over HTTP. */
export type Place = { socket: string } | { base: URL; key: Secret };

/** The admin API of a gateway, over its unix socket or from elsewhere. Redirects are not followed: a key goes to one place only. */
export function httpFetch(place: Place): AdminFetch {
  return async (path, init = {}) => {
    const message = await send(place, path, init);
    const headers = new Headers();
    for (let at = 0; at + 1 < message.rawHeaders.length; at += 2)
      headers.append(message.rawHeaders[at] ?? '', message.rawHeaders[at + 1] ?? '');
    const status = message.statusCode ?? 502;
    const empty = status === 204 || status === 304;
    return new Response(empty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>), { status, headers });
  };
}

function send(place: Place, path: string, init: NonNullable<Parameters<AdminFetch>[1]>): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, signal } = init;
  const sized = body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, ...(signal === undefined ? {} : { signal }) };
  return new Promise((resolve, reject) => {
    const started =
      'socket' in place
        ? plainRequest({ ...options, socketPath: place.socket, path, headers: { ...sized, host: 'localhost' } })
        : start(place.base, path, { ...options, headers: { ...sized, authorization: `Bearer ${place.key.reveal()}` } });
    started.once('response', resolve);
    started.once('error', reject);
    started.end(body);
  });
}

function start(
  base: URL,
  path: string,
  options: { method: string; headers: Record<string, string>; signal?: AbortSignal },
) {
  const url = new URL(base.pathname.replace(/\/+$/, '') + path, base);
  return base.protocol === 'https:' ? secureRequest(url, options) : plainRequest(url, options);
}
