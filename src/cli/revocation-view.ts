import type { RevokedBody } from '../admin/contract-key.js';
import type { Io } from './io.js';
import { moment, printable } from './printable.js';

/** What a revocation ended. */
export function printRevocation(io: Io, revoked: RevokedBody): void {
  if (revoked.revoked.length === 0) {
    io.out('Nothing was left to revoke: it was revoked before.\n');
    return;
  }
  const children = revoked.children.length === 0 ? '' : ` (${revoked.children.length} of them derived)`;
  io.out(`Revoked ${count(revoked.revoked.length, 'key')}${children}: ${revoked.revoked.join(' ')}\n`);
  io.out(
    `Ended ${count(revoked.streams_ended, 'running request')}. Last used ${moment(revoked.last_used_at, 'never')}.\n`,
  );
  if (revoked.addresses_24h !== null && revoked.addresses_24h.length > 0) {
    io.out(
      `In the last 24 hours: from ${revoked.addresses_24h.map(printable).join(', ')}; models ${(revoked.models_24h ?? []).map(printable).join(', ') || '-'}\n`,
    );
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
