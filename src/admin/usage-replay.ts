import type { z } from '@hono/zod-openapi';
import type { ReplayOutcome, ReplayQuestion, SubjectVerdict } from '../usage/replay-port.js';
import {
  replayedSchema,
  replayQuery,
  replaySchema,
  type ReplayedBody,
  type ReplayVerdictBody,
} from './contract-usage.js';
import { defined } from './defined.js';
import { withDescendants } from './each-key.js';
import { defineOperation } from './operation.js';
import { type Acting, boundOwner, reaches } from './rights.js';
import { followReplay } from './usage-follow.js';
import { keyNames } from './usage-names.js';
import { type Span, span } from './usage-span.js';

const USUAL_SECONDS = 30 * 86_400;
/** Rows of an answer. */
const MOST_ROWS = 1000;

export const replayOperation = defineOperation({
  method: 'post',
  path: '/admin/v1/usage/replay',
  summary: 'Try limits on what was admitted before: who would have been refused, when and how often',
  access: { scope: 'usage:read' },
  query: replayQuery,
  body: replaySchema,
  reply: replayedSchema,
  async run({ query, body, caller, context, signal }) {
    const acting = { caller, context };
    const { settings } = context;
    const asked = span(body, { nowMs: settings.clock.now(), usualSeconds: USUAL_SECONDS, place: 'body' });
    const question = await questionOf(acting, body, asked);
    const { replay } = context.ports.usage;
    const told = async (outcome: ReplayOutcome): Promise<ReplayedBody> =>
      outcomeToWire(acting, outcome, { ...asked, per: body.for });
    if (query.follow === '1' || query.follow === 'true')
      return followReplay({
        settings,
        requestId: caller.actor.requestId,
        signal,
        work: async (watch) => told(await replay(question, watch)),
      });
    return told(await replay(question, { signal, progress: () => undefined }));
  },
});

async function questionOf(
  acting: Acting,
  body: z.output<typeof replaySchema>,
  { since, until }: Span,
): Promise<ReplayQuestion> {
  const { limits, for: per, key_id: keyId } = body;
  const callerIds = keyId === undefined ? undefined : await familyOf(acting, keyId);
  const bound = boundOwner(acting.caller);
  const nobody = bound !== null && body.owner !== undefined && body.owner !== bound;
  return defined({
    limits: defined(limits),
    per,
    sinceMs: since * 1000,
    untilMs: until * 1000,
    callerIds: nobody ? [] : callerIds,
    owner: bound ?? body.owner,
  });
}

/** The key and those derived from it, whose use counts in it. What is no key of ours, or not in reach, stands alone. */
async function familyOf({ caller, context }: Acting, id: string): Promise<string[]> {
  const record = await context.ports.keys.get(id);
  if (record === null || !reaches(caller, record.owner)) return [id];
  return (await withDescendants(context, [record])).map((key) => key.id);
}

async function outcomeToWire(
  acting: Acting,
  outcome: ReplayOutcome,
  { since, until, per }: Span & { per: ReplayQuestion['per'] },
): Promise<ReplayedBody> {
  const shown = outcome.hit.slice(0, MOST_ROWS);
  const names =
    per === 'key'
      ? await keyNames(
          acting,
          shown.map(({ subject }) => subject),
        )
      : new Map<string, string>();
  return {
    data: shown.map((verdict) => verdictToWire(verdict, per, names)),
    next: null,
    left_out: outcome.hit.length - shown.length,
    since,
    until,
    requests: outcome.requests,
    refused: outcome.refused,
    shortened: outcome.shortened,
    total_tokens: outcome.tokens,
    refused_tokens: outcome.refusedTokens,
    not_bound: outcome.unbound,
    subjects: outcome.subjects,
  };
}

function verdictToWire(
  verdict: SubjectVerdict,
  per: ReplayQuestion['per'],
  names: ReadonlyMap<string, string>,
): ReplayVerdictBody {
  const { subject } = verdict;
  return {
    key_id: per === 'key' ? subject : null,
    key_name: names.get(subject) ?? null,
    owner: per === 'owner' ? subject : null,
    model: per === 'model' ? subject : null,
    requests: verdict.requests,
    refused: verdict.refused,
    shortened: verdict.shortened,
    total_tokens: verdict.tokens,
    refused_tokens: verdict.refusedTokens,
    limits: verdict.limits.map(({ limit, account, refused, firstMs, lastMs }) => ({
      limit,
      account,
      refused,
      first_at: Math.floor(firstMs / 1000),
      last_at: Math.floor(lastMs / 1000),
    })),
  };
}
