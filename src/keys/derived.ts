import { Refusal } from '../core/errors.js';
import type { LimitSettings } from '../core/limits.js';
import { invalid } from './check-text.js';
import type { KeyPolicy } from './key.js';
import type { KeySettings, StoredKey } from './stored-key.js';

/** Compares rights: a sentence naming what `holder` lacks, or null. Given by the composition root. */
export type Lacking = (holder: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings) => string | null;

/**
 * What a child holds: what was asked for, and where nothing was, the same as its parent. Amounts are left
 * out of its limits unless asked for, because what it uses counts for its parent too.
 */
export function childSettings(parent: StoredKey, asked: Partial<KeySettings>): Omit<KeySettings, 'name'> {
  const { owner, scopes, models, allowIps, attributes, expiresAt } = parent;
  const limits = { ...queueLimits(parent.limits), ...asked.limits };
  return { owner, scopes, models, allowIps, attributes, expiresAt, labels: {}, ...asked, limits };
}

function queueLimits({ default_output_tokens, weight, priority }: LimitSettings): LimitSettings {
  return {
    ...(default_output_tokens === undefined ? {} : { default_output_tokens }),
    ...(weight === undefined ? {} : { weight }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** Throws `invalid_value` when a child would hold more, or live longer, than its parent. */
export function requireWithin(
  parent: StoredKey,
  child: KeySettings,
  { lacking, defaults }: { lacking: Lacking; defaults: () => { limits: LimitSettings } },
): void {
  const missing = lacking(parent, child, defaults().limits) ?? lackingAttribute(parent, child);
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
