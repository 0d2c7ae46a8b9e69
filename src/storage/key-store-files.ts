import { join } from 'node:path';

/** Files of the key store inside a data directory. */
export interface KeyStoreFiles {
  /** `keyporter.db` */
  database: string;
  /** `revoked.log` */
  revoked: string;
}

/** Where the parts of the key store lie. */
export function keyStoreFiles(dir: string): KeyStoreFiles {
  return { database: join(dir, 'keyporter.db'), revoked: join(dir, 'revoked.log') };
}
