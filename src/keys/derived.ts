import { Refusal } from '../core/errors.js';
import { invalid } from './check-text.js';
import type { KeyPolicy } from './key.js';
import type { KeySettings, StoredKey } from './stored-key.js';

/** Compares rights: a sentence naming what `holder` lacks, or null. Given by the composition root. */
export type Lacking = (holder: KeyPolicy, wanted: KeyPolicy) => string | null;

/** What a child gets where nothing was asked for: the same as its parent. */
export function inheritedFrom(parent: StoredKey): Omit<KeySettings, 'name' | 'labels'> {
  const { owner, scopes, models, allowIps, limits, attributes, expiresAt } = parent;
  return { owner, scopes, models, allowIps, limits, attributes, expiresAt };
}

/** Throws `invalid_value` when a child would hold more, or live longer, than its parent. */
export function requireWithin(parent: StoredKey, child: KeySettings, lacking: Lacking): void {
  const missing = lacking(parent, child) ?? lackingAttribute(parent, child);
  if (missing !== null) {
    throw new Refusal('invalid_value', { message: `A derived key holds at most what its parent holds: ${missing}.` });
  }
  if (parent.expiresAt !== null && (child.expiresAt === null || child.expiresAt > parent.expiresAt)) {
    throw invalid(
      'expires_at',
      `A derived key ends with its parent at the latest: expires_at may be at most ${parent.expiresAt}.`,
    );
  }
}

function lackingAttribute(parent: KeyPolicy, child: KeyPolicy): string | null {
  for (const [name, values] of Object.entries(child.attributes)) {
    const held = Object.hasOwn(parent.attributes, name) ? (parent.attributes[name] ?? []) : [];
    const missing = values.find((value) => !held.includes(value));
    if (missing !== undefined) return `attribute ${name}=${missing} is not held`;
  }
  return null;
}
