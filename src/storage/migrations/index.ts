import { blockedCallers } from './blocked-callers.js';
import { keysAndAudit } from './keys-and-audit.js';
import type { Migration } from './migration.js';
import { ownerLimits } from './owner-limits.js';

/** All steps in their order; versions count from 1 without a gap. */
export const MIGRATIONS: readonly Migration[] = [keysAndAudit, blockedCallers, ownerLimits];

/** The schema version this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
