import { Refusal } from '../core/errors.js';
import { readHead } from '../http/read-head.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json(?: *; *charset="?utf-8"?)? *;? *$/i;
/** Bodies of the admin API hold names and lists, nothing large. */
const MAX_ADMIN_BODY_BYTES = 1_048_576;

/**
 * Which model, streamed or not? Adds the body and what its head says. Refuses with 400, 408, 413 or 415.
 * The caller is known by now, so nobody without a key makes us hold anything.
 */
export function createReadBody(parts: Parts): Step {
  return async (exchange) => {
    requireJson(exchange);
    const body = await take(exchange, parts.settings().maxBodyBytes);
    exchange.body = body;
    exchange.head = readHead(body);
  };
}

/** The same for the admin API, which reads its JSON itself and takes requests without a body too. */
export function createReadAdminBody(): Step {
  return async (exchange) => {
    if (exchange.request.contentLength === 0) {
      exchange.bodyRead = true;
      return;
    }
    requireJson(exchange);
    exchange.body = await take(exchange, MAX_ADMIN_BODY_BYTES);
  };
}

async function take(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  const body = await exchange.door.readBody({ maxBytes, contentLength: exchange.request.contentLength });
  exchange.bodyRead = true;
  return body;
}

function requireJson({ request }: Exchange): void {
  const { contentType, contentEncoding } = request;
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') throw new Refusal('unsupported_media_type');
  if (contentType === null || contentType.includes('\t') || !JSON_TYPE.test(contentType)) throw new Refusal('unsupported_media_type');
}
