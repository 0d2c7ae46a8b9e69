import { KNOWN_SCOPES } from '../access/scope.js';
import { choice, listOf } from './members.js';

/** A list of scopes, at least one. */
export function scopes() {
  return listOf(choice(KNOWN_SCOPES).meta({ kind: 'scope' }), 1);
}
