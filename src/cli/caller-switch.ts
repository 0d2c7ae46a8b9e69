import type { ChangedCallerBody } from '../admin/contract-caller.js';
import { ask, show } from './ask.js';
import { withAdmin } from './client.js';
import type { Invocation } from './invocation.js';
import { printable } from './printable.js';

/** Blocks a caller without a key of ours, or lets it in again. */
export async function switchCaller(invocation: Invocation, blocked: boolean): Promise<number> {
  const question = { method: 'PATCH' as const, body: { id: invocation.args[0] ?? '', blocked } };
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<ChangedCallerBody>(client, '/admin/v1/callers', question),
  );
  return show(invocation, text, () => invocation.io.out(`${sentence(body)}\n`));
}

function sentence({ id, blocked, streams_ended: ended }: ChangedCallerBody): string {
  return blocked
    ? `${printable(id)} is blocked; running requests ended: ${ended}.`
    : `${printable(id)} may come in again, if its provider vouches for it.`;
}
