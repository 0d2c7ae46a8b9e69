import { Refusal } from '../core/errors.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';
import { refusalBefore } from '../upstream/refusals.js';
import { Tunnel } from '../upstream/tunnel.js';
import type { MessageReader } from '../upstream/web-socket-frames.js';
import { switchedHeaders } from '../upstream/web-socket-headers.js';
import { RealtimeMeter } from '../usage/readers/realtime-meter.js';
import { aboutCaller } from './about-caller.js';
import { need, targetPath } from './exchange.js';
import type { Admission } from './admission.js';
import type { Parts } from './parts.js';
import { noteSending } from './sending.js';
import { createChooseModel } from './step-model.js';
import type { Step } from './steps.js';

/** Which model is meant? The query says. Adds the model and the query its server gets. Refuses with 400 or 404. */
export function createFindRealtime(parts: Parts): Step {
  const chooseModel = createChooseModel(parts);
  return (exchange) => {
    const { query, origin, headers } = exchange.request;
    refuseOddHandshake(headers);
    // Who needs no key could be a page in a browser on this machine.
    if (exchange.caller?.kind === 'local' && origin !== null) throw new Refusal('missing_api_key');
    const named = new URLSearchParams(query).getAll('model');
    if (named.length > 1)
      throw new Refusal('duplicate_member', {
        message: 'The query names the model twice. Name it once.',
        param: 'model',
      });
    exchange.head = { model: named[0] ?? null, modelAt: null, stream: true, previousResponse: null, members: [] };
    const model = chooseModel(exchange);
    exchange.target = { path: exchange.request.path, query: withModel(query, model.upstreamName) };
  };
}

/** What RFC 6455 asks of a client. A model server that is laxer would switch for a request that no browser sends. */
function refuseOddHandshake(headers: FlatHeaders): void {
  if (NONCE.test(headerValue(headers, 'sec-websocket-key') ?? '') && headerValue(headers, VERSION) === '13') return;
  throw new Refusal('bad_request', {
    message: 'The request was refused: the WebSocket handshake lacks a sec-websocket-key, or its version is not 13.',
    headers: [VERSION, '13'],
  });
}

const VERSION = 'sec-websocket-version';
/** 16 bytes in base64. */
const NONCE = /^[0-9A-Za-z+/]{22}==$/;

/** The client's query under another model name; everything else stays as it came. */
function withModel(query: string, model: string): string {
  const others = query.split('&').filter((part) => part !== '' && !new URLSearchParams(part).has('model'));
  return [`model=${encodeURIComponent(model)}`, ...others].join('&');
}

/** Joins the client with the model server. Refuses with 502, 503 or 504 while the two are not joined. */
export function createTunnelStep(parts: Parts): Step {
  return async (exchange) => {
    const model = need(exchange.model, 'model');
    const entry = need(exchange.inFlight, 'place among what runs');
    const { request, reply, source } = exchange;
    if (reply.closed) throw new Refusal('client_gone');
    const opening = parts.forwarder.switchProtocols({
      request,
      requestId: exchange.id,
      target: model.paths[targetPath(exchange)] ?? targetPath(exchange),
      query: exchange.target?.query ?? '',
      place: need(exchange.place, 'place'),
      timeouts: model.timeouts,
      about: parts.settings().identityHeaders ? aboutCaller(need(exchange.caller, 'caller')) : [],
      sending: (replica) => noteSending(exchange, replica, parts),
    });
    entry.end = (code, reason) => opening.stop(refusalBefore(code, reason));
    reply.onClose(() => opening.stop(new Refusal('client_gone')));
    const stopWaiting = parts.clock.after(model.timeouts.firstByteMs, () =>
      opening.stop(new Refusal('upstream_timeout')),
    );
    const server = await opening.open.finally(stopWaiting);
    const client = source.switchProtocols([...switchedHeaders(request, server.headers), ...exchange.ownHeaders]);
    if (client === null) {
      server.socket.destroy();
      throw new Refusal('client_gone');
    }
    entry.phase = 'streaming';
    exchange.firstByteMs = parts.clock.monotonic() - exchange.startedAt;
    const tunnel = new Tunnel({
      client: client.socket,
      early: client.early,
      server: server.socket,
      requestId: exchange.id,
      clock: parts.clock,
      totalMs: model.timeouts.totalMs,
      bytes: (count) => (entry.bytesOut += count),
      reader: readerFor(exchange.admission, () =>
        tunnel.stop('insufficient_quota', 'a budget of the caller is used up'),
      ),
    });
    entry.end = (code, reason) => tunnel.stop(code, reason);
    const { status, code, reason } = await tunnel.finished;
    Object.assign(exchange, { status, code, reason, bytesOut: entry.bytesOut });
  };
}

/** Counts what the server says, and calls `spent` once the caller may not have more. */
function readerFor(admission: Admission | null, spent: () => void): MessageReader | null {
  if (admission === null) return null;
  const meter = new RealtimeMeter();
  admission.follow(meter);
  return {
    piece: (bytes) => void meter.push(bytes),
    end() {
      meter.endMessage();
      if (!admission.mayGoOn()) spent();
    },
  };
}
