import type { AuditListBody } from '../../admin/contract-activity.js';
import { ask, show, withQuery } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { moment } from '../printable.js';
import { printTable } from '../table.js';

interface Options {
  action?: string;
  target?: string;
  actor?: string;
  limit?: number;
  after?: string;
}

const USUAL_ROWS = 50;

export const run: RunCommand = async (invocation) => {
  const { action, target, actor, limit = USUAL_ROWS, after }: Options = invocation.options;
  const path = withQuery('/admin/v1/audit', { action, target, actor, limit, after });
  const { body, text } = await withAdmin(invocation, (client) => ask<AuditListBody>(client, path));
  const rows = body.data.map((entry) => [
    String(entry.sequence),
    moment(entry.at),
    entry.actor,
    entry.address ?? '-',
    entry.action,
    entry.target,
    entry.result,
  ]);
  return show(invocation, text, () =>
    printTable(invocation.io, ['NO', 'TIME', 'ACTOR', 'FROM', 'ACTION', 'TARGET', 'RESULT'], rows),
  );
};
