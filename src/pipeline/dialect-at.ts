import type { Dialect } from '../core/exchange.js';
import type { Route } from './routes.js';

/** Tells in which words a path is refused for which no route was found yet. */
export type DialectAt = (path: string) => Dialect;

/** No route has more segments than these. */
const MOST_SEGMENTS = 8;

/** The words of the route that begins most like the path, the first of several; the listener's own where none does. */
export function createDialectAt(routes: readonly Pick<Route, 'path' | 'dialect'>[], own: Dialect): DialectAt {
  const known = routes.map(({ path, dialect }) => ({ segments: segmentsOf(path), dialect }));
  return (path) => {
    const asked = segmentsOf(path);
    let most = 0;
    let words = own;
    for (const { segments, dialect } of known) {
      const shared = sharedStart(asked, segments);
      if (shared <= most) continue;
      most = shared;
      words = dialect;
    }
    return words;
  };
}

function segmentsOf(path: string): string[] {
  return path.split('/', MOST_SEGMENTS).filter((segment) => segment !== '');
}

function sharedStart(one: readonly string[], other: readonly string[]): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}
