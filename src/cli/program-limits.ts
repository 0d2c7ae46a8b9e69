import type { Command } from 'commander';
import { LIMIT_MEMBERS } from '../core/limit-fault.js';
import { limitChanges } from './limit-options.js';

/** Names for `--limit`, for the help of commands that take it. */
export const LIMITS = `
Limits: ${LIMIT_MEMBERS.slice(0, 4).join(', ')}, ${LIMIT_MEMBERS.slice(4, 7).join(', ')},
  ${LIMIT_MEMBERS.slice(7, 10).join(', ')}, ${LIMIT_MEMBERS.slice(10, 12).join(', ')},
  ${LIMIT_MEMBERS.slice(12).join(', ')} (high, normal, low). A whole number from 1, none for no limit,
  default for what the configuration says. Days and months are UTC.`;

export function withLimits(command: Command): Command {
  return command.option(
    '--limit <name=value>',
    'a limit, such as tokens_per_day=100000 (may be repeated)',
    limitChanges,
  );
}
