import { shellWord } from '../../parts/cli-twin.js';
import type { RequestFilter } from './request-filter.js';

/** The command that follows the same requests. */
export function commandOf({ status, keyId, owner, model }: RequestFilter): string {
  const options = [
    ['--status', status],
    ['--key-id', keyId],
    ['--owner', owner],
    ['--model', model],
  ].flatMap(([flag, value]) => (value === undefined || value === '' ? [] : [`${flag} ${shellWord(value)}`]));
  return ['keyporter requests -f', ...options].join(' ');
}
