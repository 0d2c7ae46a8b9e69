import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';

/** The command lines of other key systems: `compat orchestra`. */
export function addCompatCommands(program: Command, bind: Bind): void {
  const compat = program
    .command('compat')
    .summary('the command lines of other key systems')
    .description('Command lines of other key systems, with their output.');
  const orchestra = compat
    .command('orchestra')
    .summary("Orchestra's key script, on its key file")
    .description(
      "Orchestra's key script. The file is `orchestra.keys_file` of the configuration, else `$API_KEYS_FILE`, else ./api_keys.json. A gateway that runs follows it by itself.",
    )
    .addHelpText(
      'after',
      examples(
        'keyporter compat orchestra generate',
        'keyporter compat orchestra add - < key.txt',
        'keyporter compat orchestra toggle-auth',
      ),
    );
  orchestra
    .command('list')
    .summary('the keys and settings of the file')
    .action(bind(() => import('./commands/compat-orchestra-list.js')));
  // Keys may begin with a dash, as options do.
  orchestra
    .command('add')
    .summary('add a key')
    .argument('<key>', 'the key; `-` reads it from standard input')
    .allowUnknownOption()
    .action(bind(() => import('./commands/compat-orchestra-add.js')));
  orchestra
    .command('remove')
    .summary('take a key out, and end what runs under it')
    .argument('<key>', 'the key; `-` reads it from standard input')
    .allowUnknownOption()
    .action(bind(() => import('./commands/compat-orchestra-remove.js')));
  orchestra
    .command('generate')
    .summary('make a random key and add it')
    .action(bind(() => import('./commands/compat-orchestra-generate.js')));
  orchestra
    .command('toggle-auth')
    .summary('switch the requirement of a key on or off, in the file')
    .action(bind(() => import('./commands/compat-orchestra-toggle-auth.js')));
}

/** The script of Orchestra takes its command words in any case. */
export function withPlainWords(argv: readonly string[]): string[] {
  const at = argv.findIndex((word, index) => word === 'orchestra' && argv[index - 1] === 'compat') + 1;
  return argv.map((word, index) => (at > 0 && index === at ? word.toLowerCase() : word));
}
