import { Refusal } from '../core/errors.js';
import { idParams, memoryPageQuery } from './contract.js';
import { endedSchema, streamListSchema } from './contract-activity.js';
import { defineOperation, type Operation } from './operation.js';
import { pageOf } from './page-of.js';
import { type Acting, reaches } from './rights.js';
import type { RunningRequest } from './ports.js';
import { streamToWire } from './wire-activity.js';

export const streamOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/streams',
    summary: 'List the requests that run or wait now',
    access: { scope: 'usage:read' },
    query: memoryPageQuery,
    reply: streamListSchema,
    run: async ({ query, caller, context }) =>
      pageOf(runningWithin({ caller, context }).map(streamToWire), query, ({ id }) => id),
  }),
  defineOperation({
    method: 'delete',
    path: '/admin/v1/streams/{id}',
    summary: 'End a running request',
    access: { scope: 'admin' },
    act: 'stream.end',
    params: idParams,
    reply: endedSchema,
    async run({ params, caller, context }) {
      const within = runningWithin({ caller, context }).some((running) => running.id === params.id);
      if (!within || context.ports.streams?.end(params.id) !== true) {
        throw new Refusal('not_found', {
          message: 'No request with this id runs now. `keyporter streams` shows what does.',
        });
      }
      const { id: actor, address, requestId } = caller.actor;
      await context.ports.audit.record({
        actor,
        address,
        requestId,
        action: 'stream.end',
        target: `request:${params.id}`,
        result: 'done',
        details: null,
      });
      return { id: params.id, ended: true as const };
    },
  }),
];

function runningWithin({ caller, context }: Acting): RunningRequest[] {
  return (context.ports.streams?.list() ?? []).filter((running) => reaches(caller, running.owner));
}
