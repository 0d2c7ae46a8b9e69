import type { AddressRanges } from '../core/address.js';
import type { Caller } from '../core/caller.js';
import type { ErrorCode, Refusal, StreamEnd } from '../core/errors.js';
import type { BodyHead, CanonicalRequest, Reply } from '../core/exchange.js';
import type { OfferedModel, Replica } from '../replicas/model.js';
import type { FairShare } from '../replicas/fair-share.js';
import type { ReplicaPlace } from '../upstream/attempt.js';
import type { FlatHeaders } from '../core/headers.js';
import type { Edit } from '../http/edit.js';
import type { SwitchedConnection } from '../http/node-arrival.js';
import type { FormUpload, UploadSource } from '../http/form-upload.js';
import type { InFlight } from '../inflight/registry.js';
import type { RequestTrace } from '../tracing/tracing.js';
import type { Admission } from './admission.js';
import type { InferRequest } from '../orchestra/infer-request.js';
import type { Route } from './routes.js';
import type { UiSession } from './ui-session.js';

/** Where the body of a request comes from. */
export interface BodySource {
  /** Reads the whole body, within its bound; call at most once. */
  readBody(bounds: { maxBytes: number; contentLength: number | null }): Promise<Buffer>;
  /** Hands the body over as it comes. */
  streamBody(
    bounds: { maxBytes: number; contentLength: number | null },
    take: (chunk: Buffer) => boolean,
  ): UploadSource;
  /** Answers 101 and hands the connection over; null when it cannot be had any more. */
  switchProtocols(headers: FlatHeaders): SwitchedConnection | null;
}

/**
 * The record of one request. Each stage adds one thing; usage and the log read the finished record
 * once, for refusals too.
 */
export interface Exchange {
  readonly id: string;
  /** Unix milliseconds, and monotonic milliseconds, when the head was complete. */
  readonly startedAtMs: number;
  readonly startedAt: number;
  readonly request: CanonicalRequest;
  reply: Reply;
  readonly source: BodySource;
  /** Came through the unix socket: whoever can open it is this machine's operator. */
  readonly operator: boolean;
  /** Networks whose programs may ask about keys without a key of their own; null = none. */
  readonly askers: AddressRanges | null;
  readonly route: Route;
  /** What stands where the route has `{id}` or `{model}`, decoded once. */
  readonly param: string | null;
  /** Why no route fits, where the fallback of the listener is walked. */
  readonly unmatched: Refusal | null;
  /** Headers of ours for the answer, flat. `admit` adds how the limits stand. */
  ownHeaders: readonly string[];
  /** Added on routes about keys: how the asker proved itself. */
  asker: 'key' | 'network' | null;
  /** Added by `identify admin`, where a browser that is signed in asks. */
  session?: UiSession;
  /** Added by `identify`. */
  caller: Caller | null;
  /** Added by `read body`. */
  body: Buffer | null;
  bodyRead: boolean;
  head: BodyHead | null;
  /** What is replaced in the body, by its places as it came: gathered by the stages up to `admit`, made so by `pick`. */
  edits: readonly Edit[] | null;
  /** Added by `read infer`. */
  infer: InferRequest | null;
  /** Added by `authorize`. */
  model: OfferedModel | null;
  /** Added where the body is a form: what of it is behind `body`. */
  upload?: FormUpload;
  /** Added by stages that know it better than the route: the scope it needs. */
  scope?: Route['scope'];
  /** Added by stages that send it to another path than the one asked for. */
  target?: { path: string; query: string };
  /** The only one it may go to, added by stages that know; then the one it goes to, added by `pick`. */
  replica: Replica | null;
  /** Added by `admit`: what it took, and what its answer uses. Null = it is not counted. */
  admission: Admission | null;
  /** Added by `admit`; null = what fits every caller. */
  share: FairShare | null;
  /** Added by `pick`. */
  place: ReplicaPlace | null;
  /** Milliseconds for which its body was waited for. Noted only where somebody counts. */
  bodyMs: number;
  /** Milliseconds for which it waited for room. */
  queuedMs: number;
  inFlight: InFlight | null;
  /** Added by `forward`. */
  attempts: number;
  /** Monotonic milliseconds of the first try. */
  sentAt: number | null;
  firstByteMs: number | null;
  bytesOut: number;
  /** Its trace, once it was begun, where traces are wanted. */
  trace?: RequestTrace;
  /** How it ended. */
  status: number;
  code: ErrorCode | StreamEnd | null;
  reason: string | null;
  /** Which rule refused it; null = its code says it all. */
  rule: string | null;
  /** What was taken on the way, given back at the end in reverse order. */
  readonly holds: (() => void)[];
}

/** The canonical path on the model server. */
export function targetPath({ target, request }: Exchange): string {
  return target?.path ?? request.path;
}

/** A field an earlier stage must have filled. Missing means the route's table has the stages in the wrong order. */
export function need<T>(value: T | null, field: string): T {
  if (value === null)
    throw new Error(`the exchange has no ${field} yet: the stages of this route are in the wrong order`);
  return value;
}
