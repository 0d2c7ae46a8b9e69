import type { Dialect } from '../core/exchange.js';
import type { Route } from '../pipeline/routes.js';

/** Whose wire contract a listener speaks. A profile owns its whole listener: what it does not name is not there. */
export interface Profile {
  /** As `profile` of the listener names it. */
  name: string;
  /** The routes for these words of `serve`. */
  routes(serve: readonly string[]): readonly Route[];
  /** Walks these stages where no route fits, in place of a refusal at the door; `exchange.unmatched` says what was wrong. */
  fallback?: Route;
  /** Answers carry the request id of the client, where it sent a fit one, in place of ours. */
  echoesRequestId?: boolean;
  /** Words refusals before a route is known. */
  door: Dialect;
}
