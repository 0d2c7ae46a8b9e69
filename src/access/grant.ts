import { rangeWithin } from '../core/address.js';
import type { LimitSettings } from '../core/limits.js';
import type { KeyPolicy } from '../keys/key.js';
import { lackingDerivedLimits, lackingLimits } from './grant-limits.js';
import { matchesPattern } from './model-pattern.js';
import { anyCovers } from './scope.js';

/**
 * What `wanted` asks for and `holder` does not have, as a sentence; null when the holder has it all.
 * Used wherever rights are handed on: nobody grants what he lacks. `usual` are the limits of keys that
 * have none of their own.
 */
export function lacking(holder: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings): string | null {
  return lackingRights(holder, wanted) ?? lackingLimits(holder, wanted, usual);
}

function lackingRights(holder: KeyPolicy, wanted: KeyPolicy): string | null {
  for (const scope of wanted.scopes) {
    if (!anyCovers(holder.scopes, scope)) return `scope "${scope}" is not held`;
  }
  return lackingModels(holder, wanted) ?? lackingAddresses(holder, wanted) ?? lackingOwner(holder, wanted);
}

/**
 * The same for a key derived from `parent`. A child's models are judged together with those of every
 * key above it at each request, so it may name any pattern.
 */
export function lackingWhenDerived(parent: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings): string | null {
  return lackingRightsWhenDerived(parent, wanted) ?? lackingDerivedLimits(parent, wanted, usual);
}

function lackingRightsWhenDerived(parent: KeyPolicy, wanted: KeyPolicy): string | null {
  if (wanted.models.length === 0) return lackingRights(parent, { ...wanted, models: parent.models });
  return lackingRights(parent.models.length === 0 ? { ...parent, models: ['*'] } : parent, wanted);
}

/** Models limit inference alone: a holder with patterns can only hand on patterns inside his own. */
function lackingModels(holder: KeyPolicy, wanted: KeyPolicy): string | null {
  if (holder.models.length === 0) {
    // Without a pattern the holder reaches every model that is not restricted; a pattern could reach a restricted one.
    if (wanted.models.length === 0 || holder.scopes.includes('admin')) return null;
    return 'model patterns cannot be handed on by a key that has none: they could reach restricted models';
  }
  if (wanted.models.length === 0) return 'this key is bound to certain models; name models within its own';
  const outside = wanted.models.find((pattern) => !holder.models.some((own) => matchesPattern(own, pattern)));
  return outside === undefined ? null : `models "${outside}" are not within those held`;
}

function lackingAddresses(holder: KeyPolicy, wanted: KeyPolicy): string | null {
  if (holder.allowIps.length === 0) return null;
  if (wanted.allowIps.length === 0) return 'this key is bound to certain addresses; name addresses within its own';
  const outside = wanted.allowIps.find((range) => !rangeWithin(range, holder.allowIps));
  return outside === undefined ? null : `address range ${outside} is not within those held`;
}

function lackingOwner(holder: KeyPolicy, wanted: KeyPolicy): string | null {
  if (holder.owner === null || holder.owner === wanted.owner) return null;
  return `only keys of owner "${holder.owner}" can be made or changed`;
}
