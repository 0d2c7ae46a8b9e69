import type { AddressRanges } from '../core/address.js';
import type { Clock } from '../core/clock.js';
import { Refusal, type ErrorCode } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import type { Log } from '../core/log.js';
import { canonicalRequest, type ClientAddress } from '../http/canonical-request.js';
import type { Cors } from '../http/cors.js';
import type { HostRule } from '../http/host-rule.js';
import type { Arrival } from '../http/node-arrival.js';
import { sendRefusal } from '../http/refuse.js';
import type { DialectAt } from './dialect-at.js';
import type { Exchange } from './exchange.js';
import type { Match, Matcher } from './match.js';
import { takesBody } from './routes.js';
import { inWordsOfNginx, isForNginx, VERIFY_PATH } from './verify-question.js';
import { isSkippable, run, withoutKeys, type Runner } from './run.js';

/** What is particular to one listener. */
export interface DoorRules {
  match: Matcher;
  /** Words refusals before a route is known. */
  dialectAt: DialectAt;
  operator: boolean;
  /** Answers carry the client's own request id, where it sent a fit one. */
  echoesRequestId?: boolean | undefined;
  /** Networks whose programs may ask about keys without a key of their own. */
  askers?: AddressRanges;
}

/** What may change while a listener is open. */
export interface DoorSettings {
  clientAddress: ClientAddress;
  hostRule: HostRule;
  cors: Cors;
}

export interface FrontDoor {
  runner: Runner;
  /** Told of requests that are refused before their route is known. */
  refusedAtDoor?: ((code: ErrorCode) => void) | undefined;
  clock: Clock;
  log: Log;
  newRequestId(): string;
  settings(): DoorSettings;
  /** A drain goes on: connections are closed behind their answers. */
  draining(): boolean;
}

/**
 * Makes the one canonical request out of what arrived, settles what needs no key (its form, its host,
 * a preflight, its route) and sends it on its way.
 */
export function createFrontDoor(door: FrontDoor, rules: DoorRules): (arrival: Arrival) => void {
  return (arrival) => {
    const id = door.newRequestId();
    const settings = door.settings();
    let ownHeaders: readonly string[] = ['x-request-id', id];
    let request: CanonicalRequest | null = null;
    try {
      request = canonicalRequest(arrival, settings.clientAddress);
      const shownId = rules.echoesRequestId === true ? (request.correlationId ?? id) : id;
      ownHeaders = ['x-request-id', shownId];
      if (!rules.operator && !hasAskerKey(request)) settings.hostRule(request.host);
      // A preflight of the guarded request is judged like the request: nobody else has looked at it.
      const allowsPages = !isNoPages(request);
      const preflight = allowsPages ? settings.cors.preflight(request) : null;
      if (preflight !== null) {
        arrival.head(204, [...preflight, ...ownHeaders]);
        arrival.end();
        return;
      }
      const cors = allowsPages ? settings.cors.headers(request) : [];
      ownHeaders = answerHeaders(shownId, cors, door.draining() || arrival.crowded);
      const match = inItsWords(rules.match(request), request);
      if (!rules.operator && hasAskerKey(request) && match.route.aboutKeys !== true) settings.hostRule(request.host);
      refuseInCrowd(arrival, match);
      refuseUnwantedBody(request, match);
      refuseWrongUpgrade(request, match);
      void run(newExchange({ id, door, rules, arrival, request, match, ownHeaders }), door.runner);
    } catch (cause) {
      refuseAtDoor(arrival, cause, { id, ownHeaders, request, dialectAt: rules.dialectAt, door });
    }
  };
}

function inItsWords(match: Match, { names }: CanonicalRequest): Match {
  const { forAnthropic } = match.route;
  return forAnthropic !== undefined && names.includes('anthropic-version') ? { ...match, route: forAnthropic } : match;
}

/** No page of another site asks about keys or administers: none gets to read an answer. */
function isNoPages(request: CanonicalRequest): boolean {
  return isAboutKeys(request) || request.path.startsWith('/admin/') || request.path.startsWith('/ui');
}

function isAboutKeys({ path }: CanonicalRequest): boolean {
  return path.startsWith('/auth/');
}

/** Proxies ask under the host name of the guarded page. What keeps web pages out is then the key, which no page has. */
function hasAskerKey(request: CanonicalRequest): boolean {
  return isAboutKeys(request) && request.names.includes('x-keyporter-asker');
}

function answerHeaders(id: string, cors: readonly string[], closes: boolean): readonly string[] {
  return closes ? ['x-request-id', id, ...cors, 'connection', 'close'] : ['x-request-id', id, ...cors];
}

interface NewExchange {
  id: string;
  door: FrontDoor;
  rules: DoorRules;
  arrival: Arrival;
  request: CanonicalRequest;
  match: Match;
  ownHeaders: readonly string[];
}

function newExchange({ id, door, rules, arrival, request, match, ownHeaders }: NewExchange): Exchange {
  const { requestIdHeader } = match.route.dialect;
  return {
    id,
    startedAtMs: door.clock.now(),
    startedAt: door.clock.monotonic(),
    request,
    reply: arrival,
    source: arrival,
    operator: rules.operator,
    askers: rules.askers ?? null,
    route: match.route,
    param: match.param,
    unmatched: match.unmatched,
    ownHeaders: requestIdHeader === null ? ownHeaders : [...ownHeaders, requestIdHeader, id],
    asker: null,
    caller: null,
    body: null,
    bodyRead: false,
    head: null,
    edits: null,
    infer: null,
    model: null,
    replica: null,
    admission: null,
    share: null,
    place: null,
    bodyMs: 0,
    queuedMs: 0,
    inFlight: null,
    attempts: 0,
    sentAt: null,
    firstByteMs: null,
    bytesOut: 0,
    status: 0,
    code: null,
    reason: null,
    rule: null,
    holds: [],
  };
}

/** All connections are taken: what is left is for seeing how it stands and for ending it. */
function refuseInCrowd({ crowded }: Arrival, { route }: Match): void {
  if (crowded && route.logged) throw new Refusal('overloaded', { headers: ['retry-after', '1'] });
}

/** The one route that switches protocols does nothing else, and no other one does. A handshake that is only asked about is judged like any request. */
function refuseWrongUpgrade({ upgrade, path }: CanonicalRequest, { route }: Match): void {
  if ((upgrade !== true && route.upgrades !== true) || route.ignoresBody === true) return;
  if (upgrade === true && route.upgrades === true) return;
  const message =
    route.upgrades === true
      ? `The request was refused: ${path} takes a WebSocket handshake (upgrade: websocket).`
      : 'The request was refused: this route does not switch protocols; send the request without an upgrade header.';
  throw new Refusal('bad_request', { message });
}

/** A body where none is read would be left on the connection, to be taken for the next request by somebody. */
function refuseUnwantedBody(request: CanonicalRequest, { route }: Match): void {
  if (request.contentLength === 0 || route.ignoresBody === true || takesBody(route)) return;
  throw new Refusal('bad_request', {
    message: `The request was refused: ${request.method} ${request.path.slice(0, 200)} takes no body.`,
  });
}

/** A question of nginx that is not even understood is still answered with what nginx understands. */
function forAsker(target: string, refusal: Refusal): Refusal {
  return target.startsWith(VERIFY_PATH) && isForNginx(target.slice(target.indexOf('?') + 1))
    ? inWordsOfNginx(refusal)
    : refusal;
}

interface AtDoor {
  id: string;
  ownHeaders: readonly string[];
  /** Null when the request could not be understood. */
  request: CanonicalRequest | null;
  dialectAt: DialectAt;
  door: FrontDoor;
}

/** Whatever is not understood exactly is answered and cut off: nothing behind it on the connection is looked at. */
function refuseAtDoor(arrival: Arrival, cause: unknown, { id, ownHeaders, request, dialectAt, door }: AtDoor): void {
  const refusal = withoutKeys(
    forAsker(arrival.target, cause instanceof Refusal ? cause : new Refusal('internal', { cause })),
  );
  if (refusal.code === 'internal')
    door.log.error({ request: id, error: String(cause) }, 'a request failed at the front door');
  door.refusedAtDoor?.(refusal.code);
  const dialect = dialectAt(request?.path ?? arrival.target.split('?', 1)[0] ?? '');
  const { requestIdHeader } = dialect;
  sendRefusal(arrival, refusal, {
    dialect,
    requestId: id,
    ownHeaders: requestIdHeader === null ? ownHeaders : [...ownHeaders, requestIdHeader, id],
    close:
      request === null ||
      !isSkippable(request) ||
      (refusal.code !== 'unknown_url' && refusal.code !== 'method_not_allowed'),
    headOnly: arrival.method === 'HEAD',
  });
}
