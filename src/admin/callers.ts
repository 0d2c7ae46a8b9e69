import { Refusal } from '../core/errors.js';
import { memoryPageQuery } from './contract.js';
import { callerChangeSchema, callerListSchema, changedCallerSchema, type CallerBody } from './contract-caller.js';
import { defineOperation, type Operation } from './operation.js';
import { pageOf } from './page-of.js';
import type { CallerInfo } from './ports.js';
import { boundOwner, reaches, requireScope } from './rights.js';

export const callerOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/callers',
    summary: 'List callers without a key: those seen since the start, and those blocked',
    access: { scope: 'keys:read' },
    query: memoryPageQuery,
    reply: callerListSchema,
    async run({ query, caller, context }) {
      const all = await context.ports.callers.list();
      const within = all.filter(({ owner }) => reaches(caller, owner)).map(callerToWire);
      return pageOf(within, query, ({ id }) => id);
    },
  }),
  defineOperation({
    method: 'patch',
    path: '/admin/v1/callers',
    summary: 'Block a caller without a key, or let it in again',
    access: { anyOf: ['keys:write', 'keys:revoke'] },
    act: 'caller.update',
    body: callerChangeSchema,
    reply: changedCallerSchema,
    async run({ body, caller, context }) {
      requireScope({ caller, context }, body.blocked ? 'keys:revoke' : 'keys:write');
      const { callers } = context.ports;
      const known =
        boundOwner(caller) === null ||
        (await callers.list()).some(({ id, owner }) => id === body.id && reaches(caller, owner));
      if (!known)
        throw new Refusal('not_found', {
          message: 'There is no such caller. `keyporter callers list` shows who there is.',
          reason: 'the caller belongs to another owner, or to none',
        });
      const changed = await callers.set(body.id, body.blocked, caller.actor);
      return { ...callerToWire(changed), streams_ended: changed.streamsEnded };
    },
  }),
];

function callerToWire({ id, owner, blocked, blockedAt, blockedBy, lastSeenAt }: CallerInfo): CallerBody {
  return { id, owner, blocked, blocked_at: blockedAt, blocked_by: blockedBy, last_seen_at: lastSeenAt };
}
