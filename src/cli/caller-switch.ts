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

function sentence({ id, blocked, streams_ended: ended, last_seen_at: lastSeen }: ChangedCallerBody): string {
  if (!blocked) return `${printable(id)} may come in again, if its provider vouches for it.`;
  const done = `${printable(id)} is blocked; running requests ended: ${ended}.`;
  // Names are anybody's choice, so that a mistyped one cannot be told from one that will come.
  return lastSeen === null
    ? `${done} Nobody of that name has come in since the gateway started: compare with \`keyporter callers list\`.`
    : done;
}
