import { Command } from 'commander';
import { createBind, examples } from './bind.js';
import type { Io } from './io.js';
import { addActivityCommands } from './program-activity.js';
import { addCompatCommands } from './program-compat.js';
import { addGatewayCommands } from './program-gateway.js';
import { addKeyCommands } from './program-keys.js';
import { addImportCommand } from './program-import.js';
import { addLaterCommands } from './program-later.js';
import { addCallerCommands, addOwnKeyCommands, addOwnerCommands } from './program-people.js';
import { addReplicaCommands } from './program-replicas.js';
import { addUsageCommands } from './program-usage.js';
import { dashOrId } from './values.js';

/** Declares every command with its options and help. What a command does is loaded when it runs. */
export function buildProgram(io: Io, finished: (exitCode: number) => void): Command {
  const program = new Command('keyporter')
    .description(
      'API keys, scopes, limits, usage and an audit trail in front of the language models you serve yourself.',
    )
    .version(io.version, '-V, --version', 'print the version')
    .option('--json', 'print what the admin API answers, as JSON')
    .option('--config <file>', 'configuration file (else KEYPORTER_CONFIG, ./keyporter.yaml, ...)')
    .option('--data-dir <dir>', 'data directory (else KEYPORTER_DATA_DIR, `data_dir`, ...)')
    .option('--url <url>', 'a gateway elsewhere (else KEYPORTER_URL); the key comes from KEYPORTER_KEY')
    .option('--key <->', 'read a key from standard input: "--key -"', dashOrId)
    .helpCommand('help [command]', 'help for a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        'keyporter serve',
        'keyporter keys create --name laptop --expires 90d',
        'keyporter keys list',
        'keyporter status',
      ),
    );
  settle(program, io);
  const bind = createBind(io, finished);
  addGatewayCommands(program, bind);
  addKeyCommands(program, bind);
  addOwnerCommands(program, bind);
  addCallerCommands(program, bind);
  addOwnKeyCommands(program, bind);
  addActivityCommands(program, bind);
  addUsageCommands(program, bind);
  addReplicaCommands(program, bind);
  addImportCommand(program, bind);
  addCompatCommands(program, bind);
  addLaterCommands(program);
  return program;
}

/** Errors are thrown, not printed: `runCli` prints them once. Commands added later inherit this. */
function settle(program: Command, io: Io): void {
  program.exitOverride().configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
    outputError: () => undefined,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
}
