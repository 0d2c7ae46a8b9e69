import type { BodyHead } from '../core/exchange.js';
import type { Edit } from './edit.js';
import { membersAt } from './json-scan.js';
import { putInside, putMember } from './put-member.js';

const OPTIONS = 'stream_options';
const INCLUDE = 'include_usage';

/** How a stream comes to tell its usage. */
export interface UsageOption {
  /** The client gets what the option brings: it asked for it, or in a way that is for the engine to refuse. */
  asked: boolean;
  /** Those that were given, and what asks. */
  edits: readonly Edit[];
}

/**
 * Asks for the usage of a stream of OpenAI's chat or completions where the client did not. Refuses a
 * name that stands twice inside the option. `edits` are those that go together with it.
 */
export function usageEdits(body: Buffer, { stream, members }: BodyHead, edits: readonly Edit[]): UsageOption {
  if (!stream) return { asked: true, edits };
  const option = members.find(({ name }) => name === OPTIONS);
  if (option === undefined || option.kind === 'null') {
    const value = `{"${INCLUDE}":true}`;
    return { asked: false, edits: [...edits, putMember(body, members, { name: OPTIONS, value }, edits)] };
  }
  if (option.kind !== 'object') return { asked: true, edits };
  const include = membersAt(body, option.from).find(({ name }) => name === INCLUDE);
  if (include !== undefined && include.kind !== 'false' && include.kind !== 'null') return { asked: true, edits };
  return { asked: false, edits: [...edits, putInside(body, option, { name: INCLUDE, value: 'true' })] };
}
