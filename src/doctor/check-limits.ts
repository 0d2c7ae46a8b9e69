import type { DoctorFinding } from '../admin/ports.js';
import type { Config } from '../config/schema.js';
import type { LimitSettings } from '../core/limits.js';
import type { DoctorFacts } from './facts.js';

/** A month has at most so many days, and its budget is known from the sums of its days. */
const DAYS_OF_A_MONTH = 31;
/** Programs and proxies commonly give up on a connection that is silent for longer. */
const COMMON_PATIENCE_SECONDS = 60;
/** So many rows wait only while the disk takes none. */
const LARGE_BACKLOG = 2000;

/** Limits, budgets, the queue and the books. */
export function checkLimits({ config, keys, ledger }: DoctorFacts): DoctorFinding[] {
  return [
    ...checkMinutes(config),
    ...checkOwners(config, keys?.owners ?? null),
    ...checkMonths(config),
    ...checkQueues(config),
    ...checkLedger(ledger),
  ];
}

/** Every set of limits of the configuration, with the name it has there. */
function settingsOf({ limits, owners }: Config): [string, LimitSettings][] {
  const named = (prefix: string, settings: Readonly<Record<string, LimitSettings>>): [string, LimitSettings][] =>
    Object.entries(settings).map(([name, one]) => [`${prefix}.${name}`, one]);
  const { models, ...all } = limits;
  return [['limits', all], ...named('limits.models', models), ...named('owners', owners)];
}

/** A request that names no cap reserves `default_output_tokens`, which then is all that the bucket of a minute holds. */
function checkMinutes(config: Config): DoctorFinding[] {
  return settingsOf(config).flatMap(([name, settings]): DoctorFinding[] => {
    const most = settings.tokens_per_minute ?? null;
    const reserved = settings.default_output_tokens ?? config.limits.default_output_tokens;
    if (most === null || most > reserved) return [];
    return [
      {
        check: 'limit_too_small',
        severity: 'note',
        finding: `\`${name}.tokens_per_minute\` is ${most}, and a request that names no cap reserves ${reserved} output tokens, so the whole minute: beside it every other one is refused.`,
        cure: `Raise it above ${reserved}, or lower \`default_output_tokens\` there.`,
      },
    ];
  });
}

/** Most often a typing error: these limits bind nobody. */
function checkOwners({ owners, auth }: Config, known: readonly string[] | null): DoctorFinding[] {
  // Callers that a provider vouches for have owners too, which are not known before they come.
  if (known === null || auth.providers.length > 0) return [];
  const unknown = Object.keys(owners).filter((owner) => !known.includes(owner));
  if (unknown.length === 0) return [];
  return [
    {
      check: 'owner_without_keys',
      severity: 'note',
      finding: `\`owners\` has limits for ${unknown.join(', ')}, who ${unknown.length === 1 ? 'has' : 'have'} no key that works: they bind nobody now.`,
      cure: 'Compare the names with `keyporter owners list`.',
    },
  ];
}

function checkMonths(config: Config): DoctorFinding[] {
  const { ledger_days: days } = config.usage;
  const isMonthly = settingsOf(config).some(([, settings]) =>
    Object.entries(settings).some(([name, most]) => name.endsWith('_per_month') && most !== null),
  );
  if (!isMonthly || days >= DAYS_OF_A_MONTH) return [];
  return [
    {
      check: 'ledger_days_short',
      severity: 'warning',
      finding: `There are budgets of a month, and \`usage.ledger_days: ${days}\` forgets its first days: after a restart they have more left than they should.`,
      cure: `Set \`usage.ledger_days\` to at least ${DAYS_OF_A_MONTH}.`,
    },
  ];
}

function checkQueues({ models }: Config): DoctorFinding[] {
  const silent = Object.entries(models).filter(([, { queue }]) => {
    const { heartbeat_after_seconds: heartbeat, max_wait_seconds: wait } = queue;
    return wait > COMMON_PATIENCE_SECONDS && (heartbeat === null || heartbeat > COMMON_PATIENCE_SECONDS);
  });
  return silent.map(([name, { queue }]) => ({
    check: 'queue_silent',
    severity: 'warning',
    finding: `Streams of ${name} may wait ${queue.max_wait_seconds} s without a byte: proxies and programs give up after about a minute.`,
    cure: `Set \`models.${name}.queue.heartbeat_after_seconds\` to 15, or \`max_wait_seconds\` to ${COMMON_PATIENCE_SECONDS} at most.`,
  }));
}

function checkLedger(ledger: DoctorFacts['ledger']): DoctorFinding[] {
  if (ledger === null) return [];
  const cure =
    'Look at the disk of the data directory: space, speed, other programs that hold `usage.db`, and errors in the log.';
  if (ledger.dropped > 0) {
    const finding = `${ledger.dropped} rows of the usage ledger could not be written since the start: usage and budgets after a restart miss them.`;
    return [{ check: 'ledger_dropped', severity: 'error', finding, cure }];
  }
  if (ledger.waiting < LARGE_BACKLOG) return [];
  const finding = `${ledger.waiting} rows of the usage ledger wait for the disk: a crash would lose them.`;
  return [{ check: 'ledger_behind', severity: 'warning', finding, cure }];
}
