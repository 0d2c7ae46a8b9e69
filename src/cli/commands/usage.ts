import type { UsageListBody, UsageRowBody } from '../../admin/contract-usage.js';
import { systemClock, unixSeconds } from '../../core/clock.js';
import type { UsageGroup } from '../../usage/ledger.js';
import { ask, show, withQuery } from '../ask.js';
import { withAdmin } from '../client.js';
import { misuse } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { gather } from '../pages.js';
import { moment } from '../printable.js';
import { printUsage, usageCsv } from '../usage-view.js';

interface Options {
  by?: UsageGroup[];
  since?: number;
  until?: number;
  keyId?: string;
  owner?: string;
  model?: string;
  csv?: boolean;
}

const USUAL_SECONDS = 7 * 86_400;

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const { by = ['key'], until, owner, model, csv, ...more }: Options = invocation.options;
  if (csv === true && globals.json) throw misuse('Name --csv or --json, not both.');
  const keyId = more.keyId ?? (globals.key === '-' ? undefined : globals.key);
  const since = more.since ?? (until ?? unixSeconds(systemClock)) - USUAL_SECONDS;
  const filter = { by: by.join(','), since, until, key_id: keyId, owner, model };
  const { text, rows } = await withAdmin(invocation, (client) =>
    gather<UsageRowBody>(
      (limit, after) => ask<UsageListBody>(client, withQuery('/admin/v1/usage', { ...filter, limit, after })),
      {},
    ),
  );
  if (csv === true) {
    io.out(usageCsv(rows, by));
    return 0;
  }
  return show(invocation, text, async () => {
    if (rows.length > 0) {
      await printUsage(io, rows, by);
      return;
    }
    const narrowed = [keyId, owner, model].some((one) => one !== undefined);
    io.out(
      `No requests since ${moment(since)} UTC${narrowed ? ' that fit' : ''}. Look further back with --since 90d, or send one with a key (\`keyporter keys create\`).\n`,
    );
  });
};
