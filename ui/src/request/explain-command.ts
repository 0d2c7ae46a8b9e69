import type { ExplainBody } from '../../../src/admin/contract-gateway.js';
import { shellWord } from '../parts/cli-twin.js';

/** The command that asks the same. */
export function explainCommand({ key_id: id, method, path, model, from, at }: ExplainBody): string {
  return [
    'keyporter explain',
    ...(id == null ? [] : [`--id ${id}`]),
    `${method} ${shellWord(path)}`,
    ...(model === undefined ? [] : [`--model ${shellWord(model)}`]),
    ...(from === undefined ? [] : [`--from ${shellWord(from)}`]),
    ...(at === undefined ? [] : [`--at ${new Date(at * 1000).toISOString()}`]),
  ].join(' ');
}
