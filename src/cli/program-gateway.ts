import { Argument, type Command, Option } from 'commander';
import { type Bind, examples } from './bind.js';
import { many } from './values.js';

/** The gateway itself: `serve`, `stop`, `check`, `config`, `backup`, `status` and the like. */
export function addGatewayCommands(program: Command, bind: Bind): void {
  addServe(program, bind);
  program
    .command('stop')
    .summary('let running requests end, then stop the gateway')
    .action(bind(() => import('./commands/stop.js')));
  program
    .command('check')
    .summary('validate a configuration and say what it would do')
    .argument('[file]', 'the file; the one that would be used unless given')
    .action(bind(() => import('./commands/check.js')));
  const config = program
    .command('config')
    .summary('the configuration')
    .description('Shows the configuration, or its schema.');
  config
    .command('schema')
    .summary('JSON Schema, for editors')
    .action(bind(() => import('./commands/config-schema.js')));
  config
    .command('show')
    .summary('the effective configuration, secrets masked')
    .action(bind(() => import('./commands/config-show.js')));
  program
    .command('status')
    .summary('what runs, where, and how it is')
    .option('--endpoint [name]', 'only print where this service is, as host:port', many)
    .option('--with-scheme', 'print it with http:// or https://')
    .action(bind(() => import('./commands/status.js')));
  program
    .command('doctor')
    .summary('every misconfiguration, with its cure')
    .action(bind(() => import('./commands/doctor.js')));
  program
    .command('ui')
    .summary('a link that signs a browser in to the web interface')
    .description(
      'Prints a link that signs in whoever opens it first, within a minute. Opens nothing. On a machine that you are on by SSH it also prints the command that brings the web interface to your own.',
    )
    .addHelpText('after', examples('keyporter ui', 'keyporter --json ui'))
    .action(bind(() => import('./commands/ui.js')));
  addStore(program, bind);
  program
    .command('openapi')
    .summary('OpenAPI description of the admin API')
    .action(bind(() => import('./commands/openapi.js')));
  program
    .command('completion')
    .summary('shell completion')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'source <(keyporter completion bash)',
        'keyporter completion fish > ~/.config/fish/completions/keyporter.fish',
      ),
    )
    .action(bind(() => import('./commands/completion.js')));
}

function addServe(program: Command, bind: Bind): void {
  const serve = program
    .command('serve')
    .summary('run the gateway')
    .description(
      'Runs the gateway. Without a configuration file and without --upstream it looks for model servers on this machine.',
    )
    .option('--listen <host:port>', 'where to listen (127.0.0.1:5390 unless configured)')
    .option('--upstream <url>', 'a model server (may be repeated)', many)
    .option('--first-key', 'print the first key also where no terminal is')
    .option('--demo', 'serve the built-in demo model until a real one appears')
    .option('--service <file>', 'serve a SkyServe service YAML on this machine')
    .option('-n, --name <name>', 'name of the service')
    .option(
      '--env <name[=value]>',
      'a variable of the service; a name alone takes it from the environment (may be repeated)',
      many,
    )
    .option('--secret <name[=value]>', 'as --env (may be repeated)', many)
    .option('--env-file <file>', 'variables of the service, one NAME=VALUE a line')
    .option('--setup', 'run the setup section of the service first')
    .addHelpText(
      'after',
      examples(
        'keyporter serve',
        'keyporter serve --upstream http://127.0.0.1:8080 --listen 0.0.0.0:5390',
        'keyporter serve --demo --first-key',
        'keyporter serve --service auth.yaml -n auth --env HF_TOKEN --env AUTH_TOKEN',
      ),
    );
  serve.addOption(new Option('--workers <count>').hideHelp());
  serve.action(bind(() => import('./serve.js')));
}

function addStore(program: Command, bind: Bind): void {
  program
    .command('backup')
    .summary('copy the key store to a file, while it is in use')
    .argument('<file>', 'the new file')
    .action(bind(() => import('./commands/backup.js')));
  program
    .command('restore')
    .summary('put a copy of the key store in place')
    .description(
      'Puts a copy in place of the key store. Revoked keys stay revoked; keys changed since the copy come back disabled. The gateway must not run.',
    )
    .argument('<file>', 'a file made by `keyporter backup`')
    .action(bind(() => import('./commands/restore.js')));
  const migrate = program
    .command('migrate')
    .summary('the form of the store')
    .description('Shows the version of the store, or brings it up to date.');
  migrate
    .command('up')
    .summary('bring the store to the form of this program')
    .description(
      'Brings the store to the form that this program writes. The start of a gateway does the same; make a copy with `keyporter backup` before.',
    )
    .action(bind(() => import('./commands/migrate-up.js')));
  migrate
    .command('status')
    .summary('version of the store, and of this program')
    .action(bind(() => import('./commands/migrate-status.js')));
}
