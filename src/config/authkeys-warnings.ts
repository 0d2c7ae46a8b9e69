import type { Config } from './schema.js';

const SENTENCES = {
  errors_as_200: 'failures of the model server look like answers (status 200).',
  accept_past_expiry: 'tokens can be made that are over before they are used.',
  allow_scope_escalation: 'whoever may make tokens can make some that may do more than he may.',
  revoke_self_when_target_missing: 'a revocation that names no token ends the token that asks.',
  bootstrap_root_when_empty: 'the token "root" may do everything on authkeys listeners while a start found no token.',
} as const;

/** A sentence for every habit of Llama-Server-AuthKeys that was brought back. */
export function authkeysWarnings({ authkeys }: Config): string[] {
  return Object.entries(SENTENCES).flatMap(([name, sentence]) =>
    authkeys[name as keyof typeof SENTENCES] ? [`authkeys.${name} is on: ${sentence}`] : [],
  );
}
