import type { CreatedKeyBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import type { RunCommand } from '../invocation.js';
import { printSecret } from '../key-view.js';
import { asHolder } from '../own-key.js';
import { rightsBody } from '../rights-options.js';

export const run: RunCommand = async (invocation) => {
  const question = { method: 'POST' as const, body: rightsBody(invocation.options) };
  const { body, text } = await ask<CreatedKeyBody>(await asHolder(invocation), '/me/derive', question);
  return show(invocation, text, () => printSecret(invocation.io, body));
};
