import { type Command, InvalidArgumentError } from 'commander';
import { triedLimitFault } from '../admin/tried-limit.js';
import { REPLAY_SUBJECTS, USAGE_GROUPS } from '../admin/usage-groups.js';
import { LIMIT_NAMES } from '../core/limits.js';
import { nearest } from '../core/nearest.js';
import { type Bind, examples } from './bind.js';
import { misuse } from './failure.js';
import { limits, pastMoment } from './values.js';

/** What was used, and what other limits would have made of it. */
export function addUsageCommands(program: Command, bind: Bind): void {
  const usage = program
    .command('usage')
    .summary('tokens, requests and time by key, owner, model and day')
    .description('Adds up what was admitted. Numbers that are an estimate in part have a ~ in front.')
    .option(
      '--by <names>',
      `put together by ${USAGE_GROUPS.join(', ')}, with commas between (key unless given)`,
      groups,
    )
    .option('--since <when>', 'a duration back, such as 24h, or a date (7d unless given)', pastMoment)
    .option('--until <when>', 'the end, in the same words (now unless given)', pastMoment)
    .option('--key-id <id>', 'only of this key or caller; "--key ID" says the same')
    .option('--owner <owner>', 'only of this owner')
    .option('--model <model>', 'only for this model')
    .option('--csv', 'print CSV for spreadsheets')
    .addHelpText('after', examples('keyporter usage --by owner,model --since 30d', 'keyporter usage --by day --csv'))
    .action(bind(() => import('./commands/usage.js')));
  usage
    .command('replay')
    .summary('who would have been refused under other limits')
    .description(
      'Tries limits on the requests that were admitted before, and tells who would have been refused, when and how often. Nothing is changed. What was refused at the time is not known here, and nobody repeats a request that is refused.',
    )
    .option('--limit <name=value>', 'a limit to try; may be given many times', tried)
    .option('--for <what>', 'give the limits to each key, owner or model (key unless given)', subject)
    .option('--since <when>', 'a duration back, or a date (30d unless given)', pastMoment)
    .option('--until <when>', 'the end, in the same words (now unless given)', pastMoment)
    .option('--key-id <id>', 'only this key and those derived from it; "--key ID" says the same')
    .option('--owner <owner>', 'only requests of this owner')
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: () => [...program.options] })
    .hook('preAction', (_, replay) => takeOver(program, usage, replay))
    .addHelpText('after', LIMITS)
    .addHelpText(
      'after',
      examples(
        'keyporter usage replay --limit tokens_per_day=200000 --since 30d',
        'keyporter usage replay --limit requests_per_minute=60 --for owner',
      ),
    )
    .action(bind(() => import('./commands/usage-replay.js')));
}

/** Names for `--limit`. */
const LIMITS = `
Limits: ${LIMIT_NAMES.slice(0, 5).join(', ')},
  ${LIMIT_NAMES.slice(5, 8).join(', ')},
  ${LIMIT_NAMES.slice(8).join(', ')}`;

/**
 * Options that both commands have are read by `usage`, wherever they stand, and belong to `replay`. What
 * only `usage` has is refused: `usage --model x replay` would replay every model and look as if it had not.
 */
function takeOver(program: Command, usage: Command, replay: Command): void {
  const { args } = program;
  const [early] = args.slice(0, args.indexOf('replay')).filter((word) => word.startsWith('-'));
  if (early !== undefined)
    throw misuse(`${early} stands before "replay" and would do nothing there. Write it behind it.`);
  for (const [name, value] of Object.entries(usage.opts())) {
    const flagOf = ({ options }: Command): string | null | undefined =>
      options.find((option) => option.attributeName() === name)?.long;
    if (flagOf(replay) == null) throw misuse(`unknown option '${flagOf(usage) ?? name}'`);
    replay.setOptionValue(name, value);
  }
}

function groups(value: string): (typeof USAGE_GROUPS)[number][] {
  const named = value.split(',').map((name) => oneOf(name.trim(), USAGE_GROUPS));
  if (named.includes('day') && named.includes('hour')) throw new InvalidArgumentError('Write day or hour, not both.');
  return [...new Set(named)];
}

function subject(value: string): (typeof REPLAY_SUBJECTS)[number] {
  return oneOf(value, REPLAY_SUBJECTS);
}

function tried(value: string, earlier: Parameters<typeof limits>[1]): ReturnType<typeof limits> {
  const [name = '', limit] = Object.entries(limits(value, undefined))[0] ?? [];
  const fault = triedLimitFault(name, limit);
  if (fault !== null) throw new InvalidArgumentError(fault);
  if (earlier !== undefined && name in earlier)
    throw new InvalidArgumentError(`${name} is given twice. Give each limit once.`);
  return limits(value, earlier);
}

/** One of the known names; any other is refused with the one that was probably meant. */
function oneOf<Name extends string>(name: string, known: readonly Name[]): Name {
  const found = known.find((one) => one === name);
  if (found !== undefined) return found;
  const meant = nearest(name, known);
  throw new InvalidArgumentError(
    meant === null
      ? `There is no "${name}". There are ${known.join(', ')}.`
      : `There is no "${name}"; ${meant} was probably meant.`,
  );
}
