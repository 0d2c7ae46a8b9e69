import { isPublicUrl } from './forms.js';
import {
  choice,
  flag,
  httpUrl,
  notYet,
  notYetMessage,
  path,
  section,
  text,
  textLike,
  told,
  wholeNumber,
} from './members.js';

export const dataDir = path()
  .nullable()
  .default(null)
  .meta({
    description:
      'Directory of the key store and the usage store, relative to the configuration file. `--data-dir` and `KEYPORTER_DATA_DIR` come first. `null` = `$STATE_DIRECTORY`, else `~/.local/state/keyporter`.',
    examples: ['/var/lib/keyporter'],
  });

export const database = textLike((value) => value === 'sqlite' || isPostgresUrl(value), 'must be `sqlite`')
  .superRefine((value, context) => {
    if (!isPostgresUrl(value)) return;
    context.addIssue({
      code: 'custom',
      message: notYetMessage('keep keys in PostgreSQL'),
      input: value,
      params: { notYet: true },
    });
  })
  .default('sqlite')
  .describe('Where keys are kept. `sqlite` = in the data directory. Not yet available: `postgres://user@host/db`.');

function isPostgresUrl(value: string): boolean {
  return /^postgres(ql)?:\/\//.test(value);
}

export const sharedState = notYet(
  text()
    .nullable()
    .default(null)
    .meta({
      description: 'Redis or Valkey that several nodes share limits through.',
      examples: ['redis://10.0.0.7:6379'],
    }),
  'share limits between several nodes',
);

export const maxStaleSeconds = notYet(
  wholeNumber(1, 31_536_000, 'seconds')
    .default(900)
    .describe('How long known keys keep working while the store is away, in seconds.'),
  'bound how long keys work while the store is away',
);

export const audit = section({
  retention_days: wholeNumber(1, 36_500, 'days')
    .nullable()
    .default(400)
    .describe('How long audit entries are kept, in days. `null` = for ever.'),
  checkpoints: notYet(
    text()
      .nullable()
      .default(null)
      .meta({
        description: 'File, `syslog` or URL that gets the head of the chain every 10 minutes.',
        examples: ['/var/log/keyporter-checkpoints'],
      }),
    'send the head of the audit chain elsewhere',
  ),
}).describe('The audit trail.');

export const usage = section({
  request_log_days: wholeNumber(1, 3650, 'days')
    .default(30)
    .describe('How long rows of the request log are kept, in days.'),
  ledger_days: wholeNumber(1, 3650, 'days')
    .default(400)
    .describe('How long rows of the usage ledger are kept, in days: what each request used, in numbers.'),
}).describe('What is written down about requests. Prompts and answers never are.');

export const logging = section({
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least weight of what is logged, to standard error.'),
  format: choice(['auto', 'json', 'text'])
    .default('auto')
    .describe('`json` one object a line, `text` a line for people, `auto` text on a terminal.'),
}).describe("The gateway's own log.");

export const metrics = section({
  key_label: flag()
    .default(false)
    .describe(
      'Counts requests and tokens by key id too. Each key that is used is then some series more: leave it off for many keys.',
    ),
}).describe('The metrics of listeners with `serve: [metrics]`.');

export const tracing = section({
  otlp_endpoint: httpUrl()
    .refine((value) => isPublicUrl(value), told('must be a URL without credentials, query and fragment'))
    .nullable()
    .default(null)
    .meta({
      description:
        'Receiver of OTLP over HTTP that gets a trace of every request, at `/v1/traces` below this URL. Model servers then get our `traceparent`, and a trace that a client began goes on. `null` = no traces; a `traceparent` of the client is passed on as it is.',
      examples: ['http://127.0.0.1:4318'],
    }),
}).describe('Traces. Names, numbers and key ids only: never prompts, answers, keys or query strings.');
