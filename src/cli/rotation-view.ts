import type { RotatedKeyBody } from '../admin/contract-key.js';
import type { Io } from './io.js';
import { printSecret } from './key-view.js';
import { moment, printable } from './printable.js';

/** The new secret, and who still has to be told: where the key was used lately. */
export function printRotation(io: Io, rotated: RotatedKeyBody): void {
  printSecret(io, rotated);
  const until =
    rotated.previous === null
      ? 'The old secret ended now.'
      : `The old secret works until ${moment(rotated.previous.expires_at)} UTC.`;
  const addresses = rotated.addresses_24h ?? [];
  const use =
    addresses.length === 0
      ? 'The key was not used in the last 24 hours.'
      : `In the last 24 hours the key was used from ${addresses.map(printable).join(', ')}.`;
  io.err(`${until} ${use}\n`);
}
