import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';
import { withRights } from './program-keys.js';
import { LIMITS, withLimits } from './program-limits.js';
import { durationOrZero, many } from './values.js';

/** `owners ...`: all keys of a person at once. */
export function addOwnerCommands(program: Command, bind: Bind): void {
  const owners = program
    .command('owners')
    .summary('limits and switch-off for all keys of a person')
    .description('Lists owners, sets limits for all keys of one together, and switches them off or on.');
  owners
    .command('list')
    .summary('list the owners of keys')
    .action(bind(() => import('./commands/owners-list.js')));
  withLimits(
    owners
      .command('set')
      .summary('set limits for all keys of an owner together')
      .description(
        'Sets limits for all keys of an owner together, whether he has keys yet or not. Limits that are not named stay.',
      )
      .argument('<owner>', 'name of the owner')
      .option('--clear <member>', 'limits: take away all that were set before', many),
  )
    .addHelpText('after', LIMITS)
    .addHelpText(
      'after',
      examples(
        'keyporter owners set alice --limit tokens_per_day=2000000 --limit concurrent_requests=4',
        'keyporter owners set alice --limit tokens_per_day=default',
        'keyporter owners set alice --clear limits',
      ),
    )
    .action(bind(() => import('./commands/owners-set.js')));
  owners
    .command('disable')
    .summary('switch off all keys of an owner, and end what runs with them')
    .argument('<owner>', 'name of the owner')
    .action(bind(() => import('./commands/owners-disable.js')));
  owners
    .command('enable')
    .summary('switch them on again')
    .argument('<owner>', 'name of the owner')
    .action(bind(() => import('./commands/owners-enable.js')));
}

/** `callers ...`: those whom somebody else vouches for. */
export function addCallerCommands(program: Command, bind: Bind): void {
  const callers = program
    .command('callers')
    .summary('cut off callers without a key')
    .description('Lists callers that another system vouches for, as <provider>:<principal>, and blocks them.')
    .addHelpText('after', examples('keyporter callers block jwt:alice'));
  callers
    .command('list')
    .summary('list callers seen since the start, and those blocked')
    .action(bind(() => import('./commands/callers-list.js')));
  callers
    .command('block')
    .summary('keep a caller out, whatever its provider says, and end what runs of it')
    .argument('<caller>', '<provider>:<principal>, as in the list')
    .action(bind(() => import('./commands/callers-block.js')));
  callers
    .command('unblock')
    .summary('let it in again')
    .argument('<caller>', '<provider>:<principal>, as in the list')
    .action(bind(() => import('./commands/callers-unblock.js')));
}

/** `me ...`: what a holder may do with his own key. */
export function addOwnKeyCommands(program: Command, bind: Bind): void {
  const me = program
    .command('me')
    .summary('your own key: show, revoke, rotate, derive')
    .description(
      'Shows the key in KEYPORTER_KEY (or on standard input with "--key -"), and does with it what `keys.self_service` allows.',
    )
    .addHelpText('after', examples('KEYPORTER_KEY=... keyporter me', 'keyporter me revoke --key - < key.txt'))
    .action(bind(() => import('./commands/me.js')));
  me.command('revoke')
    .summary('end your key for good')
    .option('--reason <text>', 'for the audit trail')
    .action(bind(() => import('./commands/me-revoke.js')));
  me.command('rotate')
    .summary('give your key a new secret')
    .option('--overlap <duration>', 'how long the old secret goes on working: 0 to 7d', durationOrZero, 86_400)
    .action(bind(() => import('./commands/me-rotate.js')));
  withRights(
    me
      .command('derive')
      .summary('make a narrower key under yours')
      .requiredOption('--name <name>', 'what people call it'),
  ).action(bind(() => import('./commands/me-derive.js')));
}
