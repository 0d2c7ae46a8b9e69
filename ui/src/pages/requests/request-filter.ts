import type { RequestRowBody } from '../../../../src/admin/contract-activity.js';
import type { AddressForm } from '../../parts/address-state.js';

/** What is shown. An empty text does not filter. */
export interface RequestFilter {
  status: string;
  keyId: string;
  owner: string;
  model: string;
}

const STATUS = /^[1-5](\d\d|xx)$/;

/** The filter as the query of the list has it. */
export function parametersOf({ status, keyId, owner, model }: RequestFilter) {
  return { status: STATUS.test(status) ? status : '', key_id: keyId, owner, model };
}

/** The same filter as the gateway's, for rows that come live. */
export function fits(row: RequestRowBody, { status, keyId, owner, model }: RequestFilter): boolean {
  if (keyId !== '' && row.key_id !== keyId) return false;
  if (owner !== '' && row.owner !== owner) return false;
  if (model !== '' && row.model !== model) return false;
  if (!STATUS.test(status)) return true;
  return status.endsWith('xx') ? String(row.status).startsWith(status.charAt(0)) : String(row.status) === status;
}

/** The filter in the address of the page, under the names of the admin API. */
export const FILTER_IN_ADDRESS: AddressForm<RequestFilter> = {
  read(search) {
    const text = (name: string): string => search.get(name) ?? '';
    return { status: text('status'), keyId: text('key_id'), owner: text('owner'), model: text('model') };
  },
  write: ({ status, keyId, owner, model }) => ({ status, key_id: keyId, owner, model }),
};
