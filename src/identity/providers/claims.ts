import type { Attributes } from './provider.js';
import { asObject } from './json.js';

/** Which claim feeds which attribute. */
export type ClaimsMapping = Readonly<Record<string, string>>;

/** Claims that only name the caller. By themselves they give neither owner nor scopes: anybody may choose to be called `admin`. */
const NAMING = new Set(['sub', 'username', 'login']);

export const USUAL_CLAIMS: ClaimsMapping = {
  sub: 'roles',
  username: 'roles',
  groups: 'teams',
  team: 'teams',
  project: 'projects',
  tenant: 'namespaces',
  namespace: 'namespaces',
};

/** Attributes out of claims: several claims may feed one, and each value stands in it once. */
export function attributesOf(claims: Record<string, unknown>, mapping: ClaimsMapping): Attributes {
  const attributes: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [claim, attribute] of Object.entries(mapping)) {
    const values = claimed(claims, claim);
    if (values.length > 0) attributes[attribute] = [...new Set([...(attributes[attribute] ?? []), ...values])];
  }
  return attributes;
}

/**
 * Looks a value up by the name of a claim, then of an attribute. A mapping the operator wrote counts
 * as it stands; the usual one without the claims that only name the caller.
 */
export function valuesOf(
  claims: Record<string, unknown>,
  written: ClaimsMapping | undefined,
  usual: ClaimsMapping,
): (name: string) => readonly string[] {
  const mapping = written ?? Object.fromEntries(Object.entries(usual).filter(([claim]) => !NAMING.has(claim)));
  const attributes = attributesOf(claims, mapping);
  return (name) => {
    const direct = claimed(claims, name);
    return direct.length > 0 ? direct : (attributes[name] ?? []);
  };
}

/** A dotted name walks into objects first and is tried as it stands second. Text is split at white space. */
function claimed(claims: Record<string, unknown>, name: string): readonly string[] {
  const nested = texts(walked(claims, name.split('.')));
  return nested.length > 0 ? nested : texts(Object.hasOwn(claims, name) ? claims[name] : undefined);
}

function walked(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value;
  const object = asObject(value);
  return object !== null && Object.hasOwn(object, step) ? walked(object[step], rest) : undefined;
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(/\s+/).filter((text) => text !== '');
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
