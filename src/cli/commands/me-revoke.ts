import type { RevokedBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import type { RunCommand } from '../invocation.js';
import { asHolder } from '../own-key.js';
import { printRevocation } from '../revocation-view.js';

export const run: RunCommand = async (invocation) => {
  const { reason } = invocation.options;
  const { body, text } = await ask<RevokedBody>(await asHolder(invocation), '/me/revoke', {
    method: 'POST',
    body: { reason },
  });
  return show(invocation, text, () => printRevocation(invocation.io, body));
};
