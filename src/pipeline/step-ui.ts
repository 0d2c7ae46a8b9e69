import { Refusal } from '../core/errors.js';
import { headerValue } from '../core/headers.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';
import type { UiFile } from './ui-files.js';

const BASE = '/ui/';
const PAGE = 'index.html';

/** Scripts, styles and questions of our own alone; no frame around it, nothing from anywhere else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const GUARDS: readonly string[] = [
  'content-security-policy',
  POLICY,
  'x-content-type-options',
  'nosniff',
  'x-frame-options',
  'DENY',
  'referrer-policy',
  'no-referrer',
  'cross-origin-opener-policy',
  'same-origin',
  'cross-origin-resource-policy',
  'same-origin',
  'permissions-policy',
  'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
];

/** To the page itself, whose files are named relative to it. */
export const redirectToUi: Step = (exchange) => {
  exchange.status = 308;
  exchange.reply.head(308, ['location', BASE, 'content-length', '0', ...GUARDS, ...exchange.ownHeaders]);
  exchange.reply.end();
};

/** Answers with a file of the web UI; its pages have no files of their own, so they all get the one there is. */
export function createAnswerUi({ uiFiles }: Parts): Step {
  return async (exchange) => {
    exchange.ownHeaders = [...GUARDS, ...exchange.ownHeaders];
    const name = exchange.request.path.slice(BASE.length);
    const file = await uiFiles.find(name === '' || !name.includes('.') ? PAGE : name);
    if (file === null) throw new Refusal('unknown_url', { message: `The web interface has no file of this name.` });
    answerFile(exchange, file);
  };
}

function answerFile(exchange: Exchange, file: UiFile): void {
  const { request, reply, ownHeaders } = exchange;
  const { coding, bytes } = chosen(file, headerValue(request.headers, 'accept-encoding') ?? '');
  const kept = file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  const headers = ['cache-control', kept, 'etag', file.etag, 'vary', 'accept-encoding', ...ownHeaders];
  if (headerValue(request.headers, 'if-none-match') === file.etag) {
    exchange.status = 304;
    reply.head(304, headers);
    reply.end();
    return;
  }
  exchange.status = 200;
  exchange.bytesOut = bytes.length;
  const about = ['content-type', file.contentType, 'content-length', String(bytes.length)];
  reply.head(200, [...about, ...(coding === null ? [] : ['content-encoding', coding]), ...headers]);
  reply.end(request.method === 'HEAD' ? undefined : bytes);
}

/** The smallest form that the browser takes. */
function chosen({ brotli, gzip, bytes }: UiFile, accepted: string): { coding: string | null; bytes: Buffer } {
  const takes = new Set(
    accepted
      .toLowerCase()
      .split(',')
      .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
      .map((part) => (part.split(';')[0] ?? '').trim()),
  );
  if (brotli !== null && takes.has('br')) return { coding: 'br', bytes: brotli };
  if (gzip !== null && takes.has('gzip')) return { coding: 'gzip', bytes: gzip };
  return { coding: null, bytes };
}
