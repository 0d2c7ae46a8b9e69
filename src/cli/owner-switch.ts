import type { ChangedOwnerBody } from '../admin/contract-key.js';
import { ask, show } from './ask.js';
import { withAdmin } from './client.js';
import type { Invocation } from './invocation.js';
import { printable } from './printable.js';

/** Switches all keys of an owner off or on. The name goes in the body: it may hold what a path may not. */
export async function switchOwner(invocation: Invocation, disabled: boolean): Promise<number> {
  const question = { method: 'PATCH' as const, body: { name: invocation.args[0] ?? '', disabled } };
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<ChangedOwnerBody>(client, '/admin/v1/owners', question),
  );
  return show(invocation, text, () => invocation.io.out(`${sentence(body)}\n`));
}

function sentence({ name, keys, disabled, streams_ended: ended }: ChangedOwnerBody): string {
  if (keys === 0) {
    return disabled
      ? `${printable(name)} has no keys; callers that others vouch for under this name are switched off; running requests ended: ${ended}.`
      : `${printable(name)} has no keys; callers that others vouch for under this name may come in again.`;
  }
  const one = keys === 1;
  const subject = one ? `The key of ${printable(name)}` : `The ${keys} keys of ${printable(name)}`;
  if (!disabled) return `${subject} ${one ? 'works' : 'work'} again.`;
  return `${subject} ${one ? 'is' : 'are'} switched off; running requests ended: ${ended}.`;
}
