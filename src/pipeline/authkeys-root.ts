import { parseRanges } from '../core/address.js';
import type { Caller } from '../core/caller.js';

/** The token that stands in while there is none, where the operator brought that habit of the original back. */
export const ROOT_TOKEN = 'root';

/** Who shows it: all three scopes of the contract. It is nowhere in the store. */
export const ROOT: Caller = {
  id: 'authkeys:root',
  kind: 'delegate',
  owner: 'authkeys',
  state: 'active',
  ancestorsAlive: true,
  ownerDisabled: false,
  expiresAt: null,
  bounds: [{ scopes: ['infer', 'keys:read', 'keys:write', 'keys:revoke'], models: [], addresses: parseRanges([]) }],
  lineage: [],
  secretSlot: 'current',
  attributes: {},
};
