import type { Clock } from '../core/clock.js';
import { Crowd } from '../core/crowd.js';
import type { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import type { Replica, Timeouts } from '../replicas/model.js';
import { Attempt, type ReplicaPlace } from './attempt.js';
import { Handshake, type OpenSocket } from './handshake.js';
import { outgoingHeaders } from './outgoing-headers.js';
import { Relay } from './relay.js';
import type { RelayOutcome, RelaySettings } from './relay-settings.js';
import type { IncomingAnswer, OutgoingRequest, Transport, UploadRest } from './transport.js';
import { handshakeHeaders } from './web-socket-headers.js';

/** One request on its way to a model server. */
export interface ForwardJob {
  request: CanonicalRequest;
  /** Canonical path on the server, or a whole URL where the model names one for this path. */
  target: string;
  /** Sent in place of the client's query. */
  query?: string;
  body: Buffer | null;
  /** What of the body is still on its way: such a request is tried on another server only before it was begun. */
  rest?: UploadRest | null;
  place: ReplicaPlace;
  /** Called before each try, with the replica it goes to. Answers headers for this try, flat. */
  sending(replica: Replica): readonly string[];
  /** Told about the caller upstream when the operator wants that; flat. */
  about: readonly string[];
  relay: RelaySettings;
}

/** What runs, for whoever has to end it. */
export interface Forwarding {
  relay: Relay;
  finished: Promise<RelayOutcome>;
}

/** A request to switch to WebSocket, on its way to a model server. */
export interface SwitchJob extends Pick<ForwardJob, 'request' | 'target' | 'place' | 'about' | 'sending'> {
  requestId: string;
  query: string;
  timeouts: Timeouts;
}

export interface Forwarder {
  forward(job: ForwardJob): Forwarding;
  /** `open` rejects with a Refusal; `stop` ends it for a reason of ours while it is not open. */
  switchProtocols(job: SwitchJob): { open: Promise<OpenSocket>; stop(refusal: Refusal): void };
  close(): Promise<void>;
}

/** How often deadlines are judged; one timer serves all requests. */
const TICK_MS = 250;
/** After a longer pause the process itself stood still: what came meanwhile is read before anybody is judged. */
const STOOD_STILL_MS = 1000;

/**
 * Sends requests and relays their answers. A request goes on to another server only while it is certain
 * that the one before did not begin: whatever a server may have begun is never sent again. `withheld`
 * names headers of clients that no server sees.
 */
export function createForwarder(
  transport: Transport,
  clock: Clock,
  withheld: () => ReadonlySet<string> = () => NOTHING,
): Forwarder {
  const running = new Crowd<Relay>();
  let tickedAt = clock.monotonic();
  const stopTicking = clock.every(TICK_MS, () => {
    const now = clock.monotonic();
    const stoodStill = now - tickedAt > STOOD_STILL_MS;
    tickedAt = now;
    if (stoodStill) return;
    for (const relay of running.list()) relay.tick(now);
  });
  return {
    forward(job) {
      const relay = new Relay(job.relay);
      const leave = running.add(relay);
      const sendTo = (replica: Replica): void => {
        const added = job.sending(replica);
        const abort = transport.send(
          outgoing(job, replica, { added, withheld: withheld() }),
          new Attempt({ relay, place: placeOf(job), sendTo }),
        );
        relay.attach(abort, replica.apiKey?.reveal() ?? null);
      };
      sendTo(job.place.replica);
      job.relay.reply.onClose((complete) => {
        if (!complete) relay.clientGone();
      });
      return { relay, finished: relay.finished.finally(leave) };
    },
    switchProtocols(job) {
      const { promise: open, resolve, reject } = settledLater<OpenSocket>();
      const sendTo = (replica: Replica, answer: IncomingAnswer): (() => void) => {
        const added = job.sending(replica);
        return transport.send(switching(job, replica, { added, withheld: withheld() }), answer);
      };
      const handshake = new Handshake({ place: job.place, sendTo, resolve, reject });
      return { open, stop: (refusal) => handshake.stop(refusal) };
    },
    async close() {
      stopTicking();
      await transport.close();
    },
  };
}

const NOTHING: ReadonlySet<string> = new Set();

/** Headers that one try gets, and those that it does not get from the client. */
interface OfThisTry {
  added: readonly string[];
  withheld: ReadonlySet<string>;
}

function outgoing(job: ForwardJob, replica: Replica, { added, withheld }: OfThisTry): OutgoingRequest {
  const { request, about, relay } = job;
  const { origin, path } = whereTo(job, replica);
  return {
    origin,
    path,
    method: request.method,
    headers: outgoingHeaders(request, { requestId: relay.requestId, apiKey: replica.apiKey, about, added, withheld }),
    body: job.body,
    rest: job.rest ?? null,
    connectMs: relay.timeouts.connectMs,
    caFile: replica.caFile,
  };
}

/** What was streamed cannot be sent again, even where a server says that it did not begin. */
function placeOf({ place, rest }: ForwardJob): ReplicaPlace {
  if (rest === null || rest === undefined) return place;
  return {
    replica: place.replica,
    answered: () => place.answered(),
    failed: (kind) => place.failed(kind),
    another: () => place.another(),
    declined() {
      place.answered();
      return null;
    },
  };
}

function switching(job: SwitchJob, replica: Replica, { added, withheld }: OfThisTry): OutgoingRequest {
  const { request, requestId, timeouts, about } = job;
  const headers = outgoingHeaders(request, { requestId, apiKey: replica.apiKey, about, added, withheld });
  headers.push(...handshakeHeaders(request));
  return {
    ...whereTo(job, replica),
    method: 'GET',
    headers,
    body: null,
    upgrade: 'websocket',
    connectMs: timeouts.connectMs,
    caFile: replica.caFile,
  };
}

function settledLater<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

/** The configured server and nothing else decides where a request goes; the client's path only fills in the end. */
function whereTo(
  job: Pick<ForwardJob, 'request' | 'target' | 'query'>,
  replica: Replica,
): { origin: string; path: string } {
  const asked = job.query ?? job.request.query;
  const query = asked === '' ? '' : `?${asked}`;
  const whole = job.target.startsWith('/') ? replica.url + job.target : job.target;
  const pathAt = whole.indexOf('/', whole.indexOf('//') + 2);
  if (pathAt < 0) return { origin: whole, path: `/${query}` };
  return { origin: whole.slice(0, pathAt), path: whole.slice(pathAt) + query };
}
