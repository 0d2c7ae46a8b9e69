/** Guards routes of somebody else's program: the entry `keyporter/middleware`. */
export { requireKey } from './middleware/require-key.js';
export type { KeyHolder } from './middleware/holder.js';
export type { KeyGuard } from './middleware/frameworks.js';
export type { KeySource } from './middleware/source.js';
export type { GuardOptions } from './middleware/require-key.js';
