import type { Config } from '../config/schema.js';
import { parsePathPattern, parseRouteCondition, type PathTest, type RouteCondition } from '../core/route-rule.js';

export type RouteRuleConfig = Config['auth']['route_policy'][number];

/** Whoever asks, as far as route rules see him. Null = nobody of whom anything is known. */
export type Attributes = Readonly<Record<string, readonly string[]>> | null;

/** May a route be used at all? */
export interface RoutePolicy {
  /** No rules: nothing is decided here. */
  readonly empty: boolean;
  permits(path: string, attributes: Attributes): boolean;
}

interface Rule {
  permit: boolean;
  tests: readonly (PathTest | null)[];
  when: readonly RouteCondition[];
  unless: readonly RouteCondition[];
}

/** The first rule that fits decides; what fits none is refused. */
export function createRoutePolicy(configured: readonly RouteRuleConfig[]): RoutePolicy {
  const rules = configured.map(readRule);
  return {
    empty: rules.length === 0,
    permits(path, attributes) {
      const whole = decoded(path);
      const asked = whole.length > 1 ? whole.replace(/\/+$/, '') : whole;
      const rule = rules.find((one) => coversPath(one, asked) && applies(one, attributes));
      return rule?.permit ?? false;
    },
  };
}

/** Rules name paths as people read them: `org%2Fmodel` is the model that `org/model` is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function readRule({ permit, forbid, when, unless }: RouteRuleConfig): Rule {
  const conditions = (texts: readonly string[] | undefined): RouteCondition[] =>
    (texts ?? []).flatMap((text) => parseRouteCondition(text) ?? []);
  return {
    permit: permit !== undefined,
    tests: (permit ?? forbid)?.paths.map(parsePathPattern) ?? [],
    when: conditions(when),
    unless: conditions(unless),
  };
}

/** What cannot be decided is refused: an unusable pattern lets nothing through, and forbids everything. */
function coversPath({ permit, tests }: Rule, path: string): boolean {
  return tests.some((test) => test?.(path) ?? !permit);
}

/** Somebody of whom nothing is known never gains by a condition, not even by one that asks for something he lacks. */
function applies({ permit, when, unless }: Rule, attributes: Attributes): boolean {
  if (when.length === 0 && unless.length === 0) return true;
  if (attributes === null && permit) return false;
  const known = attributes ?? {};
  return when.every((condition) => holds(condition, known)) && !unless.some((condition) => holds(condition, known));
}

function holds({ value, attribute, negated }: RouteCondition, attributes: NonNullable<Attributes>): boolean {
  const has = Object.hasOwn(attributes, attribute) && attributes[attribute]?.includes(value) === true;
  return has !== negated;
}
