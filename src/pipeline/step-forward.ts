import { Refusal } from '../core/errors.js';
import { aboutCaller } from './about-caller.js';
import { need, targetPath, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { noteSending } from './sending.js';
import { holderOf } from './step-model.js';
import type { UploadRest } from '../upstream/transport.js';
import type { Step } from './steps.js';

/**
 * Sends the request to the replica and streams its answer back. Adds attempts, first byte and status.
 * Refuses with 502, 503 or 504 while nothing was answered; later only the stream itself can tell.
 */
export function createForward(parts: Parts): Step {
  return async (exchange) => {
    const model = need(exchange.model, 'model');
    const caller = need(exchange.caller, 'caller');
    const place = need(exchange.place, 'place');
    const entry = need(exchange.inFlight, 'place among what runs');
    const { request, reply } = exchange;
    if (reply.closed) throw new Refusal('client_gone');
    const { relay, finished } = parts.forwarder.forward({
      request,
      target: model.paths[targetPath(exchange)] ?? targetPath(exchange),
      query: exchange.target?.query ?? request.query,
      body: exchange.body,
      rest: restOf(exchange),
      place,
      sending: (replica) => noteSending(exchange, replica, parts),
      about: parts.settings().identityHeaders ? aboutCaller(caller) : [],
      relay: {
        reply,
        dialect: exchange.route.dialect,
        requestId: exchange.id,
        streamed: exchange.head?.stream ?? false,
        timeouts: model.timeouts,
        now: parts.clock.monotonic,
        ownHeaders: exchange.ownHeaders,
        firstByte() {
          entry.phase = 'streaming';
          exchange.firstByteMs = parts.clock.monotonic() - exchange.startedAt;
        },
        bytes(count) {
          entry.bytesOut += count;
        },
        tap: exchange.admission,
        opening: exchange.route.path === '/v1/responses' ? (chunk) => learnResponse(exchange, chunk, parts) : undefined,
      },
    });
    entry.end = (code, reason) => relay.stop(code, reason);
    entry.phase = 'waiting';
    try {
      const outcome = await finished;
      exchange.status = outcome.status;
      exchange.code = outcome.code;
      exchange.reason = outcome.reason;
    } finally {
      exchange.bytesOut = entry.bytesOut;
    }
  };
}

/** What of the body is still on its way; null when all of it is here. */
function restOf({ upload, body, request }: Exchange): UploadRest | null {
  if (upload === undefined || upload.isWhole || body === null) return null;
  // Held places that were replaced change the length by as much.
  const bytes = request.contentLength === null ? null : request.contentLength + body.length - upload.begunBytes;
  return { bytes, pieces: () => upload.rest() };
}

function learnResponse(exchange: Exchange, opening: Buffer, { responseOwners }: Parts): void {
  const { model, replica } = exchange;
  if (model === null || replica === null) return;
  responseOwners.learn(opening, { holder: holderOf(exchange), model: model.name, replica, timeouts: model.timeouts });
}
