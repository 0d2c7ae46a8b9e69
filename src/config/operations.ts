import {
  choice,
  httpUrl,
  named,
  notYet,
  notYetMessage,
  path,
  section,
  text,
  textLike,
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

function limit(most: number, description: string, example: number) {
  return wholeNumber(1, most)
    .nullable()
    .default(null)
    .meta({ description, examples: [example] });
}

const MOST_TOKENS = 1_000_000_000_000_000;

const limitMembers = {
  requests_per_minute: limit(1_000_000_000, 'Requests a minute (token bucket). `null` = no limit.', 60),
  requests_per_day: limit(1_000_000_000_000, 'Requests a UTC day.', 10_000),
  tokens_per_minute: limit(MOST_TOKENS, 'Tokens, input and output, a minute.', 100_000),
  tokens_per_day: limit(MOST_TOKENS, 'Tokens a UTC day.', 2_000_000),
  input_tokens_per_day: limit(MOST_TOKENS, 'Input tokens a UTC day.', 1_500_000),
  output_tokens_per_day: limit(MOST_TOKENS, 'Output tokens a UTC day.', 500_000),
  tokens_per_month: limit(MOST_TOKENS, 'Tokens a UTC month.', 50_000_000),
  input_tokens_per_month: limit(MOST_TOKENS, 'Input tokens a UTC month.', 40_000_000),
  output_tokens_per_month: limit(MOST_TOKENS, 'Output tokens a UTC month.', 10_000_000),
  concurrent_requests: limit(1_000_000, 'Requests at one time.', 8),
  gpu_seconds_per_day: limit(1_000_000_000, 'Seconds of engine time a UTC day.', 3600),
  default_output_tokens: wholeNumber(1, 1_000_000_000, 'tokens')
    .default(1024)
    .describe('Output tokens reserved when a request names no cap.'),
  weight: wholeNumber(1, 1000).default(1).describe('Share in the fair queue.'),
  priority: choice(['high', 'normal', 'low']).default('normal').describe('Order in the fair queue.'),
};

export const limits = notYet(
  section({
    ...limitMembers,
    models: named(section(limitMembers)).meta({
      description: 'Limits for one model.',
      examples: [{ qwen3: { concurrent_requests: 4 } }],
    }),
  }).describe('Limits of every key that has no value of its own.'),
  'hold keys to limits',
);

export const owners = notYet(
  named(section(limitMembers)).meta({
    description: 'Limits of all keys of an owner together.',
    examples: [{ alice: { tokens_per_day: 2_000_000 } }],
  }),
  'hold owners to limits',
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
  ledger_days: notYet(
    wholeNumber(1, 3650, 'days').default(400).describe('How long rows of the usage ledger are kept, in days.'),
    'keep a ledger of tokens',
  ),
}).describe('What is written down about requests. Prompts and answers never are.');

export const logging = section({
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least weight of what is logged, to standard error.'),
  format: choice(['auto', 'json', 'text'])
    .default('auto')
    .describe('`json` one object a line, `text` a line for people, `auto` text on a terminal.'),
}).describe("The gateway's own log.");

export const tracing = section({
  otlp_endpoint: notYet(
    httpUrl()
      .nullable()
      .default(null)
      .meta({
        description: 'Where spans are sent.',
        examples: ['http://127.0.0.1:4318'],
      }),
    'send traces',
  ),
}).describe('Traces.');
