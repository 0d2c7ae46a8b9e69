import type { UsageGroup } from '../usage/ledger.js';
import type { ReplaySubject } from '../usage/replay-port.js';

/** What usage can be put together by. */
export const USAGE_GROUPS = ['key', 'owner', 'model', 'day', 'hour'] as const satisfies readonly UsageGroup[];

/** To each of what a replayed limit can be given. */
export const REPLAY_SUBJECTS = ['key', 'owner', 'model'] as const satisfies readonly ReplaySubject[];
