import type { RotatedKeyBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import type { RunCommand } from '../invocation.js';
import { asHolder } from '../own-key.js';
import { printRotation } from '../rotation-view.js';

export const run: RunCommand = async (invocation) => {
  const question = { method: 'POST' as const, body: { overlap_seconds: invocation.options['overlap'] } };
  const { body, text } = await ask<RotatedKeyBody>(await asHolder(invocation), '/me/rotate', question);
  return show(invocation, text, () => printRotation(invocation.io, body));
};
