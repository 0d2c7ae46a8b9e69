import type { RequestListBody, RequestRowBody } from '../../admin/contract-activity.js';
import { ask, show, withQuery } from '../ask.js';
import { withAdmin } from '../client.js';
import { followLines } from '../follow-lines.js';
import type { RunCommand } from '../invocation.js';
import { moment, printable } from '../printable.js';
import { printTable } from '../table.js';

interface Options {
  follow?: boolean;
  keyId?: string;
  owner?: string;
  model?: string;
  status?: string;
  since?: number;
  limit?: number;
  after?: string;
}

const USUAL_ROWS = 50;

export const run: RunCommand = async (invocation) => {
  const { owner, model, status, since, limit = USUAL_ROWS, after, follow, ...named }: Options = invocation.options;
  const { key } = invocation.globals;
  const keyId = named.keyId ?? (key === '-' ? undefined : key);
  const filter = { key_id: keyId, owner, model, status, since };
  if (follow === true) {
    const needsGateway = 'No gateway runs here, so there is nothing to follow.';
    return withAdmin(
      invocation,
      (client) =>
        followLines(invocation, client, { path: withQuery('/admin/v1/requests', { ...filter, follow: 1 }), inWords }),
      { needsGateway },
    );
  }
  const path = withQuery('/admin/v1/requests', { ...filter, limit, after });
  const { body, text } = await withAdmin(invocation, (client) => ask<RequestListBody>(client, path));
  return show(invocation, text, () =>
    printTable(invocation.io, ['TIME', 'STATUS', 'KEY', 'OWNER', 'MODEL', 'MS', 'REQUEST', 'ID'], body.data.map(cells)),
  );
};

function inWords(line: string): string {
  const row = JSON.parse(line) as RequestRowBody | { left_out: number };
  if ('left_out' in row) return `(${row.left_out} requests left out: they came faster than they could be shown)`;
  return cells(row).map(printable).join('  ');
}

function cells(row: RequestRowBody): string[] {
  const status = row.code === null ? String(row.status) : `${row.status} ${row.code}`;
  const duration = String(Math.round(row.duration_ms));
  return [
    moment(row.started_at),
    status,
    row.key_id ?? '-',
    row.owner ?? '-',
    row.model ?? '-',
    duration,
    `${row.method} ${row.path}`,
    row.id,
  ];
}
