import type { KeyBody, KeyListBody } from '../../admin/contract-key.js';
import { ask, show, withQuery } from '../ask.js';
import { type AdminClient, withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printKeys } from '../key-view.js';
import { gather } from '../pages.js';

interface Options {
  owner?: string;
  label?: string;
  state?: string;
  unusedFor?: number;
  expiring?: number;
  search?: string;
  limit?: number;
  after?: string;
}

export const run: RunCommand = async (invocation) => {
  const options: Options = invocation.options;
  const filter = {
    owner: options.owner,
    label: options.label,
    state: options.state,
    unused_for_seconds: options.unusedFor,
    expiring_seconds: options.expiring,
    search: options.search,
  };
  const page = (client: AdminClient, limit: number, after: string | undefined) =>
    ask<KeyListBody>(client, withQuery('/admin/v1/keys', { ...filter, limit, after }));
  const { text, rows } = await withAdmin(invocation, (client) =>
    gather<KeyBody>((limit, after) => page(client, limit, after), options),
  );
  return show(invocation, text, () => printKeys(invocation.io, rows));
};
