import type { Caller } from '../core/caller.js';
import { Refusal, type StreamEnd } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { headerValue } from '../core/headers.js';
import { isPromise } from '../core/maybe.js';
import { conversationPrefix } from '../http/conversation-prefix.js';
import type { InFlight } from '../inflight/registry.js';
import type { FairShare } from '../replicas/fair-share.js';
import type { OfferedModel } from '../replicas/model.js';
import type { Turn } from '../replicas/turn.js';
import type { ReplicaPlace } from '../upstream/attempt.js';
import { refusalBefore } from '../upstream/refusals.js';
import { attemptOf } from './attempt-of.js';
import { need, targetPath, type Exchange } from './exchange.js';
import { inFlightEntry } from './in-flight-entry.js';
import { makeEdits } from './make-edits.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

/**
 * Which replica, and when? Adds the place on it and the entry among all that runs, which is there while
 * the request waits too: whatever ends running requests ends waiting ones. Refuses with 503.
 */
export function createPick(parts: Parts): Step {
  return (exchange) => {
    const model = need(exchange.model, 'model');
    const caller = need(exchange.caller, 'caller');
    const entry = inFlightEntry(exchange, caller, parts);
    if (exchange.reply.closed) throw new Refusal('client_gone');
    parts.heartbeats.keepAlive(exchange, model);
    exchange.inFlight = entry;
    exchange.holds.push(parts.inFlight.add(entry));
    if (caller.watch !== undefined) exchange.holds.push(caller.watch((code, reason) => entry.end(code, reason)));
    if (model.paths[targetPath(exchange)] !== undefined) {
      exchange.place = elsewherePlace(model);
      makeEdits(exchange);
      return;
    }
    const ending = { why: null as Refusal | null };
    const turn = parts.pool.enter(model, {
      prefix: prefixOf(exchange, model),
      only: boundTo(exchange, model),
      share: shareOf(exchange, caller, parts),
      attempt: attemptOf(exchange, caller),
      waits({ leave, place }) {
        entry.phase = 'queued';
        entry.queue = { since: parts.clock.monotonic(), place };
        const end = (why: Refusal): void => {
          ending.why ??= why;
          leave(why);
        };
        entry.end = (code: StreamEnd, reason) => end(refusalBefore(code, reason));
        exchange.reply.onClose((finished) => {
          if (!finished) end(new Refusal('client_gone'));
        });
      },
    });
    if (!isPromise(turn)) return hold(exchange, turn);
    return turn
      .finally(() => waitedUntil(exchange, entry, parts.clock.monotonic()))
      .then((found) => {
        hold(exchange, found);
        // Ended in the very moment in which it got its place.
        if (ending.why !== null) throw ending.why;
      });
  };
}

/** In whose turn it waits. The deadline holds for this one request: nobody else waits longer for it. */
function shareOf(exchange: Exchange, caller: Caller, { clock }: Parts): FairShare {
  const share = exchange.share ?? { name: caller.id, weight: 1, priority: 'normal', tokens: 0, patienceMs: null };
  const patienceMs = share.patienceMs ?? patienceOf(exchange.request);
  if (patienceMs === null) return share;
  return { ...share, patienceMs: patienceMs - (clock.monotonic() - exchange.startedAt) };
}

/** How long the client waits for the beginning of an answer, where its library tells; null = it does not. */
function patienceOf({ headers }: CanonicalRequest): number | null {
  const told = headerValue(headers, 'x-stainless-timeout');
  if (told === undefined || !/^\d{1,7}(\.\d{1,3})?$/.test(told)) return null;
  return Number(told) > 0 ? Number(told) * 1000 : null;
}

function waitedUntil(exchange: Exchange, entry: InFlight, now: number): void {
  exchange.queuedMs = now - (entry.queue?.since ?? now);
  entry.queue = null;
  entry.phase = 'connecting';
}

/** It is sent next. From here on the place is given back at the end, and its share charged with what the request came to. */
function hold(exchange: Exchange, turn: Turn): void {
  const { admission } = exchange;
  admission?.runsOn(turn);
  exchange.holds.push(() => {
    if (admission !== null) turn.cost(admission.tokens);
    turn.release();
  });
  makeEdits(exchange);
  exchange.place = turn;
}

/** The replica that keeps what the request builds on. */
function boundTo({ replica }: Exchange, model: OfferedModel): string | null {
  if (replica === null) return null;
  if (model.replicas.some(({ url }) => url === replica.url)) return replica.url;
  const message = 'The server that keeps this response does not serve its model any more.';
  throw new Refusal('not_found', { message, reason: `${replica.url} is no replica of ${model.name} any more` });
}

function prefixOf({ body, head }: Exchange, model: OfferedModel): string | null {
  if (model.balance !== 'prefix_affinity' || model.replicas.length < 2 || body === null || head === null) return null;
  return conversationPrefix(body);
}

/** A path that goes to a URL of its own has no part in the pool: that server is not one of the replicas. */
function elsewherePlace({ replicas }: OfferedModel): ReplicaPlace {
  const [replica] = replicas;
  if (replica === undefined) throw new Refusal('no_available_replica', { reason: 'the model has no replica now' });
  return { replica, answered() {}, failed() {}, another: () => null, declined: () => null };
}
