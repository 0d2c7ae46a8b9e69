/** The small language of route rules: which paths, and on what condition. */

export interface RouteCondition {
  value: string;
  attribute: string;
  /** `not in`. */
  negated: boolean;
}

/** Reads `user with VALUE in ATTRIBUTE` or `user with VALUE not in ATTRIBUTE`; null when it is neither. */
export function parseRouteCondition(text: string): RouteCondition | null {
  const [, value, not, attribute] = /^user with (\S.*?) (not )?in ([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
  return value === undefined || attribute === undefined ? null : { value, attribute, negated: not !== undefined };
}

/** Patterns are tried on paths of at most this length, so that none can keep the process busy. */
const LONGEST_TRIED = 512;
const MOST_OPEN_ENDS = 3;
const REGEX = 'regex:';

/** Whether a path fits; null when the pattern cannot be decided on this path. */
export type PathTest = (path: string) => boolean | null;

/** Reads a pattern: `*`, a prefix with `*` at its end, `regex:...` anchored at its start, or a path as it stands. Null for an unusable one. */
export function parsePathPattern(text: string): PathTest | null {
  if (text.startsWith(REGEX)) return parseRegex(text.slice(REGEX.length));
  if (text.endsWith('*')) {
    const start = text.slice(0, -1);
    return (path) => path.startsWith(start);
  }
  return (path) => path === text;
}

function parseRegex(source: string): PathTest | null {
  // Python writes the names of groups with a P.
  const written = source.replaceAll('(?P<', '(?<');
  if (!isHarmless(written)) return null;
  try {
    const regex = new RegExp(`^(?:${written})`);
    return (path) => (path.length > LONGEST_TRIED ? null : regex.test(path));
  } catch {
    return null;
  }
}

/**
 * Whether the time a pattern takes stays small. A repeated group that itself repeats or branches can
 * take for ever, and so can many open ends one behind the other, or a reference back.
 */
function isHarmless(source: string): boolean {
  const plain = source
    .replace(/\\./g, (escaped) => (/\\[1-9k]/.test(escaped) ? '\\1' : 'x'))
    .replace(/\[[^\]]*\]/g, 'x');
  return !plain.includes('\\1') && openEnds(plain) <= MOST_OPEN_ENDS && !hasRiskyGroup(plain);
}

function openEnds(plain: string): number {
  return (plain.match(/[*+]|\{\d+,\d*\}/g) ?? []).length;
}

/** Folds groups from the inside: one that is repeated must hold neither a repetition nor a branch. */
function hasRiskyGroup(plain: string): boolean {
  let rest = plain;
  for (let group = INNERMOST.exec(rest); group !== null; group = INNERMOST.exec(rest)) {
    const [whole, inner = '', repeated] = group;
    const restless = /[*+|{]/.test(inner);
    if (repeated !== undefined && restless) return true;
    rest = rest.slice(0, group.index) + (restless ? 'x*' : 'x') + rest.slice(group.index + whole.length);
  }
  return false;
}

const INNERMOST = /\((?:\?(?:[:=!]|<[=!]?\w*>?))?([^()]*)\)([*+]|\{\d+,?\d*\})?/;
