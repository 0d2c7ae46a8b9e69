import type { DoctorFinding } from '../admin/ports.js';
import type { DoctorFacts, KeyFacts } from './facts.js';

const MANY_ADMINS = 5;
const MOST_NAMED = 5;
const FULL = 2;
const CLOCK_TOLERANCE_SECONDS = 300;

/** The keys, the audit chain and the stores. */
export function checkKeys({ keys, audit, store, requestLogDropped, host }: DoctorFacts): DoctorFinding[] {
  return [
    ...(keys === null ? [] : checkRecords(keys, Math.floor(host.nowMs / 1000))),
    ...checkAudit(audit),
    ...checkStore(store),
    ...checkDropped(requestLogDropped),
  ];
}

function checkRecords(keys: KeyFacts, now: number): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (keys.newestChangeAt !== null && keys.newestChangeAt > now + CLOCK_TOLERANCE_SECONDS) {
    findings.push({
      check: 'clock_behind',
      severity: 'error',
      finding: 'The clock of this machine is behind the newest change of a key: keys expire too late.',
      cure: 'Set the clock and keep it set with NTP.',
    });
  }
  if (keys.active === 0)
    findings.push({
      check: 'no_keys',
      severity: 'note',
      finding: 'There is no key that works.',
      cure: 'Make one: `keyporter keys create --name NAME`.',
    });
  if (keys.admins.length > MANY_ADMINS) {
    findings.push({
      check: 'many_admins',
      severity: 'warning',
      finding: `${keys.admins.length} keys have the scope \`admin\`: ${names(keys.admins)}.`,
      cure: 'Keep one or two, and give the others only the scopes they use with `keyporter keys update`.',
    });
  }
  if (keys.endless.length > 0) {
    findings.push({
      check: 'keys_without_expiry',
      severity: 'note',
      finding: `${count(keys.endless)} without an end: ${names(keys.endless)}.`,
      cure: 'Give them one with `keyporter keys update ID --expires 90d`, and set `keys.default_expires`.',
    });
  }
  if (keys.expiring.length > 0) {
    findings.push({
      check: 'keys_expiring',
      severity: 'note',
      finding: `${count(keys.expiring)} in use and will end within 14 days: ${names(keys.expiring)}.`,
      cure: 'Look at them with `keyporter keys list --expiring 14d`; `keyporter keys update ID --expires 90d` lets one go on.',
    });
  }
  if (keys.unused.length > 0) {
    findings.push({
      check: 'keys_unused',
      severity: 'note',
      finding: `${count(keys.unused)} not used for 90 days: ${names(keys.unused)}.`,
      cure: 'List them with `keyporter keys list --unused-for 90d` and revoke those nobody misses.',
    });
  }
  return findings;
}

function checkAudit(audit: DoctorFacts['audit']): DoctorFinding[] {
  if (audit === null || audit.intact) return [];
  return [
    {
      check: 'audit_broken',
      severity: 'error',
      finding: `The audit trail was changed outside Keyporter${audit.brokenAt === null ? '' : ` at entry ${audit.brokenAt}`}.`,
      cure: 'Keep a copy of the data directory, find out who had access, and compare with exports made before (`keyporter audit verify --against FILE`).',
    },
  ];
}

function checkStore(store: DoctorFacts['store']): DoctorFinding[] {
  if (store === null || (store.journalMode.toLowerCase() === 'wal' && store.synchronous >= FULL)) return [];
  return [
    {
      check: 'store_settings',
      severity: 'error',
      finding: `The key store runs with journal mode ${store.journalMode} and synchronous ${store.synchronous}: an acknowledged revocation may be lost when power fails.`,
      cure: 'Put the data directory on a local file system that supports write-ahead logs, and restart Keyporter.',
    },
  ];
}

function checkDropped(dropped: number): DoctorFinding[] {
  if (dropped === 0) return [];
  return [
    {
      check: 'request_log_dropped',
      severity: 'warning',
      finding: `${dropped} rows of the request log could not be written since the start.`,
      cure: 'Look at the disk of the data directory: space, speed and errors in the log of Keyporter.',
    },
  ];
}

function count(list: readonly string[]): string {
  return list.length === 1 ? '1 key is' : `${list.length} keys are`;
}

function names(list: readonly string[]): string {
  const more = list.length - MOST_NAMED;
  return list.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
