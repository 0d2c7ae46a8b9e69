import { Refusal } from '../core/errors.js';
import { LargeTurns } from '../http/large-turns.js';
import { readHead } from '../http/read-head.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

/** What nearly every client sends, settled without a pattern. */
const PLAIN_JSON = 'application/json';
const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json(?: *; *charset="?utf-8"?)? *;? *$/i;
/** Bodies of the admin API hold names and lists, nothing large. */
const MAX_ADMIN_BODY_BYTES = 1_048_576;

/**
 * Which model, streamed or not? Adds the body and what its head says. Refuses with 400, 408, 413 or 415.
 * The caller is known by now, so nobody without a key makes us hold anything.
 */
export function createReadBody(parts: Parts): Step {
  const turns = new LargeTurns();
  return (exchange) => {
    requireJson(exchange);
    const judge = (body: Buffer): void => {
      exchange.bodyRead = true;
      exchange.body = body;
      exchange.head = readHead(body, exchange.route.streamsByItself);
    };
    return take(exchange, parts.settings().maxBodyBytes).then((body) => {
      const turn = turns.next(body);
      return turn === null ? judge(body) : turn.then(() => judge(body));
    });
  };
}

/** The same for the admin API, which reads its JSON itself and takes requests without a body too. */
export function createReadAdminBody(maxBytes = MAX_ADMIN_BODY_BYTES): Step {
  return async (exchange) => {
    if (exchange.request.contentLength !== 0) {
      requireJson(exchange);
      exchange.body = await take(exchange, maxBytes);
    }
    exchange.bodyRead = true;
  };
}

function take({ source, request }: Exchange, maxBytes: number): Promise<Buffer> {
  return source.readBody({ maxBytes, contentLength: request.contentLength });
}

/** The content type says JSON in UTF-8, and nothing is compressed; else 415. */
export function requireJson({ request }: Exchange): void {
  const { contentType, contentEncoding } = request;
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity')
    throw new Refusal('unsupported_media_type');
  if (contentType === PLAIN_JSON) return;
  if (contentType === null || contentType.includes('\t') || !JSON_TYPE.test(contentType))
    throw new Refusal('unsupported_media_type');
}
