import type { UsageSum } from '../usage/ledger.js';
import { AdminRefusal } from './problem.js';

/** Where a row stands: the earliest time first, then the most tokens, then by name. */
type Place = readonly [fromMs: number, tokens: number, callerId: string, owner: string, model: string];

/** One page of the rows in their order. `after` is the `next` of the page before. */
export function usagePage(
  sums: readonly UsageSum[],
  { limit, after }: { limit: number; after?: string | undefined },
): { page: UsageSum[]; next: string | null } {
  const placed = sums.map((sum) => ({ sum, place: placeOf(sum) }));
  const behind = after === undefined ? null : readCursor(after);
  const rest = behind === null ? placed : placed.filter(({ place }) => compare(place, behind) > 0);
  rest.sort((one, other) => compare(one.place, other.place));
  const last = rest.length > limit ? rest[limit - 1] : undefined;
  return { page: rest.slice(0, limit).map(({ sum }) => sum), next: last === undefined ? null : cursorOf(last.place) };
}

/** Text is put behind a mark, so that nothing and an empty name differ. */
function placeOf({ fromMs, inputTokens, outputTokens, callerId, owner, model }: UsageSum): Place {
  return [fromMs ?? 0, inputTokens + outputTokens, marked(callerId), marked(owner), marked(model)];
}

function marked(name: string | null): string {
  return name === null ? '' : `:${name}`;
}

function compare(one: Place, other: Place): number {
  if (one[0] !== other[0]) return one[0] - other[0];
  if (one[1] !== other[1]) return other[1] - one[1];
  for (const at of [2, 3, 4] as const) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  return 0;
}

function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function readCursor(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (isPlace(place)) return place;
  } catch {
    // Not JSON: refused below like anything else that is no cursor.
  }
  throw new AdminRefusal('bad_request', {
    message: 'This is not a cursor. Take `next` of the page before.',
    faults: [{ pointer: '/after', in: 'query', detail: 'must be the "next" of an earlier page' }],
  });
}

function isPlace(value: unknown): value is Place {
  return (
    Array.isArray(value) &&
    value.length === 5 &&
    value.every((member, at) => typeof member === (at < 2 ? 'number' : 'string'))
  );
}
