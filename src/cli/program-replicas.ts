import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';
import { rowCount } from './values.js';

/** The model servers: `replicas list`, `drain`, `resume`, `restart`, `logs`. */
export function addReplicaCommands(program: Command, bind: Bind): void {
  const replicas = program
    .command('replicas')
    .summary('the model servers')
    .description("Shows the model servers, and starts those of Keyporter's own anew.");
  replicas
    .command('list')
    .summary('list the model servers and how each is')
    .action(bind(() => import('./commands/replicas-list.js')));
  replicas
    .command('drain')
    .summary('give a replica no new requests; those that run go on')
    .argument('<id>', 'id of the replica')
    .action(bind(() => import('./commands/replicas-drain.js')));
  replicas
    .command('resume')
    .summary('give a drained replica requests again')
    .argument('<id>', 'id of the replica')
    .action(bind(() => import('./commands/replicas-resume.js')));
  replicas
    .command('restart')
    .summary('let the requests of a process finish, then start it anew')
    .argument('<id>', 'id of a process, or a model: then all its processes, one after the other')
    .addHelpText('after', examples('keyporter replicas restart gemma3-0', 'keyporter replicas restart gemma3'))
    .action(bind(() => import('./commands/replicas-restart.js')));
  replicas
    .command('logs')
    .summary('what a process wrote')
    .argument('<id>', 'id of the process')
    .option('-f, --follow', 'print lines as they are written')
    .option('--lines <count>', 'so many of the last lines (100 unless given)', rowCount)
    .addHelpText('after', examples('keyporter replicas logs gemma3-0 -f'))
    .action(bind(() => import('./commands/replicas-logs.js')));
}
