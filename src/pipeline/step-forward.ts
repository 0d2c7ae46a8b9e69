import { decide } from '../access/decide.js';
import type { Caller } from '../core/caller.js';
import { Refusal, type StreamEnd } from '../core/errors.js';
import type { InFlight } from '../inflight/registry.js';
import { need, type Exchange } from './exchange.js';
import { aboutCaller } from './about-caller.js';
import type { Parts } from './parts.js';
import { holderOf } from './step-model.js';
import type { Step } from './steps.js';

/**
 * Sends the request to the replica and streams its answer back. Adds attempts, first byte and status.
 * Refuses with 502, 503 or 504 while nothing was answered; later only the stream itself can tell.
 */
export function createForward(parts: Parts): Step {
  return async (exchange) => {
    const model = need(exchange.model, 'model');
    const caller = need(exchange.caller, 'caller');
    const { replica, request, reply } = exchange;
    if (replica === null) throw new Refusal('no_available_replica', { reason: 'the model has no server', headers: ['retry-after', '10'] });
    if (reply.closed) throw new Refusal('client_gone');
    const entry = inFlightEntry(exchange, caller, parts);
    exchange.holds.push(parts.inFlight.add(entry));
    exchange.attempts += 1;
    const { relay, finished } = parts.forwarder.forward({
      request,
      target: model.paths[request.path] ?? request.path,
      body: exchange.body,
      replica,
      timeouts: model.timeouts,
      about: parts.settings().identityHeaders ? aboutCaller(caller) : [],
      relay: {
        reply,
        dialect: exchange.route.dialect,
        requestId: exchange.id,
        streamed: exchange.head?.stream ?? false,
        ownHeaders: exchange.ownHeaders,
        firstByte() {
          entry.phase = 'streaming';
          exchange.firstByteMs = parts.clock.monotonic() - exchange.startedAt;
        },
        bytes(count) {
          entry.bytesOut += count;
        },
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

function inFlightEntry(exchange: Exchange, caller: Caller, parts: Parts): InFlight {
  const entry: InFlight = {
    id: exchange.id,
    callerId: caller.id,
    lineage: caller.lineage,
    owner: caller.owner,
    model: exchange.model?.name ?? null,
    replica: exchange.replica?.url ?? null,
    method: exchange.request.method,
    path: exchange.request.path,
    address: exchange.request.address,
    startedAtMs: exchange.startedAtMs,
    expiresAt: caller.expiresAt,
    phase: 'connecting',
    bytesOut: 0,
    end() {},
    recheck: (nowSeconds) => endOf(exchange, caller, { nowSeconds, parts, entry }),
  };
  return entry;
}

/** What has changed for a caller whose request runs; the same decision as at its beginning. */
function endOf(exchange: Exchange, before: Caller, { nowSeconds, parts, entry }: { nowSeconds: number; parts: Parts; entry: InFlight }): StreamEnd | null {
  // The secret shown at the beginning may be the one that is being rotated out: its own end holds too.
  if (before.secretSlot === 'previous' && before.expiresAt !== null && before.expiresAt <= nowSeconds) return 'key_expired';
  const caller = before.kind === 'key' ? parts.identity.callerOf(before.id) : before;
  if (before.secretSlot === 'current') entry.expiresAt = caller?.expiresAt ?? null;
  const { scope } = exchange.route;
  const model = exchange.model;
  const decision = decide({ caller, asked: { scope, model, address: exchange.request.address }, nowSeconds });
  if (decision.allowed) return null;
  if (decision.rule === 'not expired') return 'key_expired';
  if (caller === null || caller.state === 'revoked') return 'key_revoked';
  return caller.state === 'disabled' || caller.ownerDisabled || !caller.ancestorsAlive ? 'key_disabled' : 'stream_ended';
}

function learnResponse(exchange: Exchange, opening: Buffer, { responseOwners }: Parts): void {
  const { model, replica } = exchange;
  if (model === null || replica === null) return;
  responseOwners.learn(opening, { holder: holderOf(exchange), model: model.name, replica, timeouts: model.timeouts });
}
