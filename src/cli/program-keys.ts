import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';
import { LIMITS, withLimits } from './program-limits.js';
import { duration, durationOrZero, expiry, lists, many, pairs, rowCount } from './values.js';

const SCOPES = `
Scopes: infer (or infer:chat, infer:embeddings, infer:rerank, infer:audio, infer:images, infer:realtime),
  engine:read, engine:control, keys:read, keys:write, keys:revoke, usage:read, audit:read, metrics:read,
  replicas:read, replicas:write, auth:verify, admin. A scope covers what stands under it; admin covers all.`;

/** `keys ...`: the life of a key. */
export function addKeyCommands(program: Command, bind: Bind): void {
  const keys = program
    .command('keys')
    .summary('make, list, change and end keys')
    .description('Make, list, change and end keys.');
  addCreation(keys, bind);
  addReading(keys, bind);
  addChanges(keys, bind);
  addEnding(keys, bind);
  keys
    .command('scan')
    .summary('find keys in files, offline')
    .description(
      'Finds Keyporter keys in files and folders by their checksum. Nothing is sent anywhere; secrets are not printed.',
    )
    .argument('<path...>', 'files and folders')
    .addHelpText('after', examples('keyporter keys scan .', 'keyporter keys scan --json ~/projects'))
    .action(bind(() => import('./commands/keys-scan.js')));
}

function addCreation(keys: Command, bind: Bind): void {
  const create = keys
    .command('create')
    .summary('make a key')
    .description('Makes a key and prints its secret once.')
    .requiredOption('--name <name>', 'what people call it');
  withRights(create)
    .addHelpText('after', SCOPES)
    .addHelpText('after', LIMITS)
    .addHelpText(
      'after',
      examples(
        'keyporter keys create --name laptop',
        'keyporter keys create --name ci --owner build --model "qwen*" --expires 30d',
        'keyporter keys create --name team --limit requests_per_minute=60 --limit tokens_per_day=2000000',
        'keyporter keys create --name root --scope admin --expires 8h',
      ),
    )
    .action(bind(() => import('./commands/keys-create.js')));
  const derive = keys
    .command('derive')
    .summary('make a narrower key under another one')
    .description('Makes a key that holds at most what its parent holds, and dies with it.')
    .argument('<id>', 'the parent')
    .requiredOption('--name <name>', 'what people call it');
  withRights(derive)
    .addHelpText(
      'after',
      examples('keyporter keys derive Hx81kTzPq02a --name "one evening" --model qwen3 --expires 6h'),
    )
    .action(bind(() => import('./commands/keys-create.js')));
}

function addReading(keys: Command, bind: Bind): void {
  keys
    .command('list')
    .summary('list keys')
    .description('Lists keys, oldest first.')
    .option('--owner <owner>', 'only keys of this owner')
    .option('--label <name=value>', 'only keys with this label')
    .option('--state <state>', 'only active, disabled or revoked ones')
    .option('--unused-for <duration>', 'only keys not used for this long, such as 90d', duration)
    .option('--expiring <duration>', 'only keys that expire within this time, such as 14d', duration)
    .option('--search <text>', 'only keys with this text in name, owner or id')
    .option('--limit <rows>', 'at most so many (all of them unless given)', rowCount)
    .option('--after <cursor>', 'go on after a page: its "next"')
    .addHelpText('after', examples('keyporter keys list --unused-for 90d', 'keyporter keys list --json --limit 50'))
    .action(bind(() => import('./commands/keys-list.js')));
  keys
    .command('show')
    .summary('show one key')
    .description('Shows everything about a key but its secret.')
    .argument('<id>', 'id of the key')
    .action(bind(() => import('./commands/keys-show.js')));
}

function addChanges(keys: Command, bind: Bind): void {
  const update = keys
    .command('update')
    .summary('change a key')
    .description(
      'Changes a key. A list that is given replaces the one before; of limits those that are named change, and the others stay.',
    )
    .argument('<id>', 'id of the key')
    .option('--name <name>', 'what people call it')
    .option(
      '--clear <member>',
      'empty one of owner, models, allow-ips, limits, attributes, labels (may be repeated)',
      many,
    );
  withRights(update)
    .addHelpText('after', SCOPES)
    .addHelpText('after', LIMITS)
    .addHelpText(
      'after',
      examples(
        'keyporter keys update Hx81kTzPq02a --expires never',
        'keyporter keys update Hx81kTzPq02a --clear models',
        'keyporter keys update Hx81kTzPq02a --limit tokens_per_day=none --limit weight=default',
      ),
    )
    .action(bind(() => import('./commands/keys-update.js')));
  keys
    .command('enable')
    .summary('switch a key on again')
    .argument('<id>', 'id of the key')
    .action(bind(() => import('./commands/keys-enable.js')));
  keys
    .command('disable')
    .summary('switch a key off, and end what runs with it')
    .argument('<id>', 'id of the key')
    .action(bind(() => import('./commands/keys-disable.js')));
  keys
    .command('rotate')
    .summary('give a key a new secret')
    .description(
      'Gives a key a new secret under the same id and prints it once. The old one goes on working for the overlap.',
    )
    .argument('<id>', 'id of the key')
    .option('--overlap <duration>', 'how long the old secret goes on working: 0 to 7d', durationOrZero, 86_400)
    .addHelpText(
      'after',
      examples('keyporter keys rotate Hx81kTzPq02a', 'keyporter keys rotate Hx81kTzPq02a --overlap 0'),
    )
    .action(bind(() => import('./commands/keys-rotate.js')));
}

function addEnding(keys: Command, bind: Bind): void {
  keys
    .command('revoke')
    .summary('end keys for good')
    .description(
      'Ends keys for good, with everything derived from them and everything that runs with them. Lists them first and asks.\nName an id, --owner, --label, or "--key -" with the secret on standard input.',
    )
    .argument('[id]', 'id of the key')
    .option('--owner <owner>', 'all keys of this owner')
    .option('--label <name=value>', 'all keys with this label')
    .option('--reason <text>', 'for the audit trail')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'keyporter keys revoke Hx81kTzPq02a --reason "laptop lost"',
        'keyporter keys revoke --owner alice',
        'pbpaste | keyporter keys revoke --key - --yes',
      ),
    )
    .action(bind(() => import('./commands/keys-revoke.js')));
}

/** What a key may do, for create, derive and update alike. */
export function withRights(command: Command): Command {
  return withLimits(command)
    .option('--owner <owner>', 'who answers for it')
    .option('--scope <scope>', 'what it may do (may be repeated)', many)
    .option('--model <pattern>', 'models it may use; * matches any run (may be repeated)', many)
    .option('--allow-ip <cidr>', 'addresses it may come from (may be repeated)', many)
    .option('--expires <when>', 'such as 30d, 2027-01-31 or never', expiry)
    .option('--attribute <name=value>', 'for other systems that ask about it (may be repeated)', lists)
    .option('--label <name=value>', 'for finding it again (may be repeated)', pairs);
}
