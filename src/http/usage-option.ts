import type { BodyHead, TopMember } from '../core/exchange.js';
import type { Edit } from './edit.js';
import { inside, outermost, putMember } from './put-member.js';

const OPTIONS = 'stream_options';
const INCLUDE = 'include_usage';

/** How a stream comes to tell its usage. */
export interface UsageOption {
  /** The client gets what the option brings: it asked for it, or in a way that is for the engine to refuse. */
  asked: boolean;
  /** Those that were given, and what asks. */
  edits: Edit[];
}

/**
 * Asks for the usage of a stream of OpenAI's chat or completions where the client did not. `edits` are
 * those that go together with it. Refuses a name that stands twice inside the option.
 */
export function usageEdits(body: Buffer, { stream, members }: BodyHead, edits: readonly Edit[] = []): UsageOption {
  const option = members.find(({ name }) => name === OPTIONS);
  const given = { asked: true, edits: [...edits] };
  if (!stream || (option !== undefined && option.kind !== 'null' && option.kind !== 'object')) return given;
  if (option?.kind !== 'object') {
    const value = `{"${INCLUDE}":true}`;
    return { asked: false, edits: [...edits, putMember(outermost(body, members, edits), { name: OPTIONS, value })] };
  }
  const place = inside(option, body, edits);
  const include = place.members.find(({ name }) => name === INCLUDE);
  if (include !== undefined && isForEngine(include)) return given;
  return { asked: false, edits: [...edits, putMember(place, { name: INCLUDE, value: 'true' })] };
}

/** Some engines take 0 and `"off"` for false, as they take 1 and `"yes"` for true: neither text nor numbers are left to them. */
function isForEngine({ kind }: TopMember): boolean {
  return kind === 'true' || kind === 'object' || kind === 'array';
}
