import type { OwnKeyBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import type { RunCommand } from '../invocation.js';
import { limitsInWords } from '../limit-options.js';
import { asHolder } from '../own-key.js';
import { moment } from '../printable.js';
import { printFacts } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { body, text } = await ask<OwnKeyBody>(await asHolder(invocation), '/me');
  return show(invocation, text, () =>
    printFacts(invocation.io, [
      ['id', body.id],
      ['name', body.name],
      ['owner', body.owner],
      ['scopes', body.scopes.join(' ')],
      ['models', body.models.length === 0 ? 'every one that is not restricted' : body.models.join(' ')],
      ['limits', limitsInWords(body.limits)],
      ['expires', moment(body.expires_at, 'never')],
      ['last used', moment(body.last_used_at, 'never')],
      ['you may', body.self_service.join(' ') || 'only look'],
    ]),
  );
};
