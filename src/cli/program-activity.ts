import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';
import { pastMoment, pointInTime, rowCount } from './values.js';

/** What happens and what happened: `explain`, `requests`, `streams`, `audit`. */
export function addActivityCommands(program: Command, bind: Bind): void {
  program
    .command('explain')
    .summary('why a request passes or not')
    .description(
      'Asks every rule about a request, without sending it, and prints each answer. "--key -" reads the secret in question from standard input.',
    )
    .argument('<method>', 'such as POST')
    .argument('<path>', 'such as /v1/chat/completions')
    .option('--id <id>', 'the key in question')
    .option('--model <model>', 'the model in question')
    .option('--from <ip>', 'the address it would come from')
    .option('--at <time>', 'the moment, such as 2027-01-31T12:00:00Z', pointInTime)
    .addHelpText('after', examples('keyporter explain --id Hx81kTzPq02a POST /v1/chat/completions --model qwen3'))
    .action(bind(() => import('./commands/explain.js')));
  program
    .command('requests')
    .summary('what was asked, newest first')
    .option('-f, --follow', 'print requests as they finish')
    .option('--key-id <id>', 'only of this key or caller; "--key ID" says the same')
    .option('--owner <owner>', 'only of this owner')
    .option('--model <model>', 'only for this model')
    .option('--status <status>', 'only with this status or class, such as 404 or 4xx')
    .option('--since <when>', 'a duration back, such as 1h, or a date', pastMoment)
    .option('--limit <rows>', 'at most so many', rowCount)
    .option('--after <cursor>', 'go on after a page: its "next"')
    .addHelpText(
      'after',
      examples('keyporter requests -f --status 4xx', 'keyporter requests --key Hx81kTzPq02a --since 1h'),
    )
    .action(bind(() => import('./commands/requests.js')));
  const streams = program
    .command('streams')
    .summary('what runs and waits now')
    .action(bind(() => import('./commands/streams.js')));
  streams
    .command('end')
    .summary('end a running request')
    .argument('<id>', 'id of the request')
    .action(bind(() => import('./commands/streams-end.js')));
  addAuditCommands(program, bind);
}

function addAuditCommands(program: Command, bind: Bind): void {
  const audit = program
    .command('audit')
    .summary('who changed what')
    .description('Shows, checks and exports the audit trail.');
  audit
    .command('list')
    .summary('list changes and refused attempts')
    .option('--action <action>', 'only this act, such as key.revoke')
    .option('--target <target>', 'only about this, such as key:Hx81kTzPq02a')
    .option('--actor <actor>', 'only by this caller')
    .option('--limit <rows>', 'at most so many', rowCount)
    .option('--after <cursor>', 'go on after a page: its "next"')
    .action(bind(() => import('./commands/audit-list.js')));
  audit
    .command('verify')
    .summary('prove that nothing was changed or removed')
    .description(
      'Checks the chain of the audit trail, and names what this cannot prove. With --against, also that an earlier export is still part of it.',
    )
    .option('--against <file>', 'an earlier `audit export` or `audit verify --json`')
    .addHelpText('after', examples('keyporter audit verify', 'keyporter audit verify --against last-month.ndjson'))
    .action(bind(() => import('./commands/audit-verify.js')));
  audit
    .command('export')
    .summary('print all entries, one JSON object a line')
    .action(bind(() => import('./commands/audit-export.js')));
}
