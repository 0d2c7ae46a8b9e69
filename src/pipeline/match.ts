import { Refusal } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import type { CanonicalRequest } from '../core/exchange.js';
import type { Route } from './routes.js';

export interface Match {
  route: Route;
  /** What stands for `{name}`, decoded once. */
  param: string | null;
  /** Why no route fits, where the fallback of the listener walks in place of one. */
  unmatched: Refusal | null;
}

/** Finds the route of a request, or throws 404 with the nearest one, or 405. */
export type Matcher = (request: CanonicalRequest) => Match;

interface Prefix {
  /** Up to and with the slash before the open end. */
  start: string;
  /** What stands behind the open part; empty when that is the end of the path. */
  end: string;
  /** The open end is one decoded value; else it is left to the route. */
  named: boolean;
  byMethod: Map<string, Route>;
}

/** With a `fallback`, that one is walked where no route fits the path or the method. */
export function createMatcher(routes: readonly Route[], fallback: Route | null = null): Matcher {
  const strict = createStrictMatcher(routes);
  if (fallback === null) return strict;
  return (request) => {
    try {
      return strict(request);
    } catch (cause) {
      if (!(cause instanceof Refusal) || !NO_ROUTE.has(cause.code)) throw cause;
      return { route: fallback, param: null, unmatched: cause };
    }
  };
}

const NO_ROUTE: ReadonlySet<string> = new Set(['unknown_url', 'method_not_allowed']);

function createStrictMatcher(routes: readonly Route[]): Matcher {
  const exact = new Map<string, Map<string, Route>>();
  const prefixes: Prefix[] = [];
  for (const route of routes) methodsOf(route, exact, prefixes).set(route.method, route);
  // The longest start first, so that the closer one wins.
  prefixes.sort((one, other) => other.start.length - one.start.length || other.end.length - one.end.length);
  return (request) => {
    const whole = exact.get(request.path);
    if (whole !== undefined) return { route: chosen(whole, request), param: null, unmatched: null };
    for (const prefix of prefixes) {
      const rest = openPart(request.path, prefix);
      if (rest === '') continue;
      const route = chosen(prefix.byMethod, request);
      if (prefix.named) return { route, param: decodeURIComponent(rest), unmatched: null };
      if (request.path.includes('%2F')) break;
      return { route, param: null, unmatched: null };
    }
    if (request.path.includes('%2F'))
      throw new Refusal('bad_request', { message: 'The request was refused: the path has an encoded slash.' });
    throw unknown(request, routes);
  };
}

/** What stands in the place of the name; empty when the path does not fit. */
function openPart(path: string, { start, end }: Prefix): string {
  if (!path.startsWith(start) || !path.endsWith(end)) return '';
  return path.slice(start.length, path.length - end.length);
}

function methodsOf(route: Route, exact: Map<string, Map<string, Route>>, prefixes: Prefix[]): Map<string, Route> {
  const open = /^(.*\/)(\{\w+\}|\*)(.*)$/.exec(route.path);
  if (open === null) {
    const known = exact.get(route.path) ?? new Map<string, Route>();
    exact.set(route.path, known);
    return known;
  }
  const [, start = '', name = '', end = ''] = open;
  let prefix = prefixes.find((candidate) => candidate.start === start && candidate.end === end);
  if (prefix === undefined) {
    prefix = { start, end, named: name !== '*', byMethod: new Map() };
    prefixes.push(prefix);
  }
  return prefix.byMethod;
}

/** HEAD has the rights of GET and no others, unless a route of its own gives it fewer. */
function chosen(byMethod: ReadonlyMap<string, Route>, request: CanonicalRequest): Route {
  const route = byMethod.get(request.method) ?? (request.method === 'HEAD' ? byMethod.get('GET') : undefined);
  if (route !== undefined) return route;
  const methods = [...new Set([...byMethod.keys(), ...(byMethod.has('GET') ? ['HEAD'] : [])])].join(', ');
  throw new Refusal('method_not_allowed', {
    message: `${request.path} does not take ${request.method}. Use ${methods}.`,
    headers: ['allow', methods],
  });
}

function unknown(request: CanonicalRequest, routes: readonly Route[]): Refusal {
  // Those with an open end name nothing that could be typed.
  const paths = [...new Set(routes.map((route) => route.path))].filter((path) => !path.endsWith('/*'));
  const underBase = paths.includes(`/v1${request.path}`) ? `/v1${request.path}` : null;
  const doubled = request.path.startsWith('/v1/v1/') ? request.path.slice(3) : null;
  const meant = underBase ?? doubled ?? nearest(request.path, paths);
  const hint =
    meant === null
      ? 'See the documentation for the routes there are.'
      : `Did you mean ${meant}? The base URL of OpenAI clients ends with /v1.`;
  return new Refusal('unknown_url', {
    message: `There is no route ${request.method} ${request.path.slice(0, 200)} here. ${hint}`,
  });
}
