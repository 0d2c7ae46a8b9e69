import type { KeyBody, KeyListBody, RevokedBody, RevokeManyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { type AdminClient, withAdmin } from '../client.js';
import { Failure, misuse } from '../failure.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { printKeys } from '../key-view.js';
import { printRevocation } from '../revocation-view.js';

/** What to revoke: one id, or what the admin API finds for an owner, a label or a secret. */
type Target = { id: string } | { many: Pick<RevokeManyBody, 'owner' | 'label' | 'key'> };

interface Options {
  owner?: string;
  label?: string;
  reason?: string;
  yes?: boolean;
}

export const run: RunCommand = async (invocation) => {
  const options: Options = invocation.options;
  const target = await targetOf(invocation, options);
  if (options.yes !== true && !invocation.io.inIsTerminal) {
    throw misuse('Revoking is final and nobody can be asked here. Add --yes to do it.');
  }
  return withAdmin(withoutKey(invocation), async (client) => {
    if (options.yes !== true && !(await confirm(invocation, await find(client, target))))
      throw new Failure('Nothing was revoked.');
    const { body, text } = await revoke(client, target, options.reason);
    return show(invocation, text, () => printRevocation(invocation.io, body));
  });
};

async function targetOf({ io, globals, args }: Invocation, { owner, label }: Options): Promise<Target> {
  const given = [args[0], owner, label, globals.key].filter((target) => target !== undefined);
  if (given.length !== 1) throw misuse('Name exactly one of an id, --owner, --label and "--key -".');
  if (args[0] !== undefined) return { id: args[0] };
  if (owner !== undefined) return { many: { owner } };
  if (label !== undefined) return { many: { label: labelOf(label) } };
  const key = (await io.readInput()).trim();
  if (key === '') throw misuse('Standard input was empty. Send the key there.');
  return { many: { key } };
}

function labelOf(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw misuse('Write the label as NAME=VALUE.');
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** Standard input held the key to revoke, so the key that asks must come from the environment. */
function withoutKey(invocation: Invocation): Invocation {
  return { ...invocation, globals: { ...invocation.globals, key: undefined } };
}

async function find(client: AdminClient, target: Target): Promise<KeyBody[]> {
  if ('id' in target) return [(await ask<KeyBody>(client, `/admin/v1/keys/${segment(target.id)}`)).body];
  const body = { ...target.many, dry_run: true };
  return (await ask<KeyListBody>(client, '/admin/v1/keys/revoke', { method: 'POST', body })).body.data;
}

async function confirm({ io, globals }: Invocation, found: readonly KeyBody[]): Promise<boolean> {
  // With --json standard output holds the answer alone.
  await printKeys(globals.json ? { ...io, out: io.err } : io, found);
  const { confirm: question } = await import('@clack/prompts');
  const answer = await question({
    message: 'Revoke for good, with everything derived from them and everything that runs?',
    initialValue: false,
  });
  return answer === true;
}

function revoke(client: AdminClient, target: Target, reason: string | undefined) {
  const words = reason === undefined ? {} : { reason };
  if ('id' in target)
    return ask<RevokedBody>(client, `/admin/v1/keys/${segment(target.id)}/revoke`, { method: 'POST', body: words });
  return ask<RevokedBody>(client, '/admin/v1/keys/revoke', { method: 'POST', body: { ...target.many, ...words } });
}
