import type { Secret } from '../core/secret.js';
import type { KeyRecord, NewKey } from '../keys/key.js';
import type { Exchange } from './exchange.js';

/** A token that is to be made. */
interface WantedToken {
  key: NewKey;
  /** It may have scopes of the contract its maker does not have. */
  beyondOwnScopes: boolean;
  /** It is over as soon as it is made. */
  ended: boolean;
}

/** The tokens of authkeys listeners, by the rules of the admin API for whoever sent the request. Rejects with a `Refusal`. */
export interface AuthkeysTokens {
  /** Those made for or imported from such a listener, and the caller's own key first when it is none of them. */
  list(exchange: Exchange): Promise<KeyRecord[]>;
  create(exchange: Exchange, wanted: WantedToken): Promise<{ record: KeyRecord; secret: Secret }>;
  revoke(exchange: Exchange, id: string): Promise<void>;
}
