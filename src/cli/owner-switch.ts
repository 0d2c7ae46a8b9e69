import type { ChangedOwnerBody } from '../admin/contract-key.js';
import { ask, segment, show } from './ask.js';
import { withAdmin } from './client.js';
import type { Invocation } from './invocation.js';
import { printable } from './printable.js';

/** Switches all keys of an owner off or on. */
export async function switchOwner(invocation: Invocation, disabled: boolean): Promise<number> {
  const path = `/admin/v1/owners/${segment(invocation.args[0])}`;
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<ChangedOwnerBody>(client, path, { method: 'PATCH', body: { disabled } }),
  );
  const what = disabled ? `are switched off; ${body.streams_ended} running requests were ended` : 'work again';
  return show(invocation, text, () => invocation.io.out(`The ${body.keys} keys of ${printable(body.name)} ${what}.\n`));
}
