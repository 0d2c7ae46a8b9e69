import type { KeyBody } from '../admin/contract-key.js';
import { systemClock } from '../core/clock.js';
import type { Io } from './io.js';
import { limitsInWords } from './limit-options.js';
import { moment, printable, styled } from './printable.js';
import { printFacts, printTable } from './table.js';

/** A table of keys for people. */
export async function printKeys(io: Io, keys: readonly KeyBody[]): Promise<void> {
  if (keys.length === 0) {
    io.out('No keys.\n');
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.owner ?? '-',
    key.scopes.join(' '),
    stateOf(key),
    moment(key.expires_at, 'never'),
    moment(key.last_used_at, 'never'),
  ]);
  await printTable(io, ['ID', 'NAME', 'OWNER', 'SCOPES', 'STATE', 'EXPIRES', 'LAST USED'], rows);
}

/** Everything about one key. Times are UTC. */
export function printKey(io: Io, key: KeyBody): void {
  const previous =
    key.previous &&
    `works until ${moment(key.previous.expires_at)}, last used ${moment(key.previous.last_used_at, 'never')}`;
  printFacts(io, [
    ['id', key.id],
    ['name', key.name],
    ['owner', key.owner],
    ['state', stateOf(key)],
    ['scopes', key.scopes.join(' ')],
    ['models', key.models.length === 0 ? 'every one that is not restricted' : key.models.join(' ')],
    ['addresses', key.allow_ips.length === 0 ? 'any' : key.allow_ips.join(' ')],
    ['limits', limitsInWords(key.limits)],
    ['attributes', pairs(key.attributes)],
    ['labels', pairs(key.labels)],
    ['parent', key.parent_id],
    ['created', `${moment(key.created_at)} by ${key.created_by}`],
    ['changed', moment(key.updated_at)],
    ['expires', moment(key.expires_at, 'never')],
    ['rotated', moment(key.rotated_at)],
    ['old secret', previous],
    ['last used', moment(key.last_used_at, 'never')],
    ...(key.revoked_at === null
      ? []
      : [
          [
            'revoked',
            `${moment(key.revoked_at)}${key.revoke_reason === null ? '' : `: ${key.revoke_reason}`}`,
          ] as const,
        ]),
  ]);
}

/** A secret that was just made. It goes to standard output alone on its line, so that a script can take it. */
export function printSecret(io: Io, made: KeyBody & { key: string }): void {
  if (io.outIsTerminal)
    io.err(
      `${styled(io, 'green', `Key ${made.id} "${printable(made.name)}".`)} This is its secret; it is not shown again:\n`,
    );
  io.out(`${made.key}\n`);
}

/** The state as it counts now: an active key that has expired is called expired. */
function stateOf(key: KeyBody): string {
  const expired = key.expires_at !== null && key.expires_at * 1000 <= systemClock.now();
  return key.state === 'active' && expired ? 'expired' : key.state;
}

function pairs(record: Readonly<Record<string, unknown>>): string | null {
  const entries = Object.entries(record).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`,
  );
  return entries.length === 0 ? null : entries.join(' ');
}
