import { Refusal } from '../core/errors.js';
import { idParams, memoryPageQuery } from './contract.js';
import {
  replicaActSchema,
  replicaListSchema,
  replicaLogsQuery,
  replicaLogsSchema,
  type ReplicaBody,
} from './contract-replicas.js';
import { followRows } from './follow.js';
import { defineOperation, type AdminContext, type Operation } from './operation.js';
import { pageOf } from './page-of.js';
import type { ReplicaInfo, ReplicasPort } from './ports.js';
import type { Acting } from './rights.js';

type Act = 'drain' | 'resume' | 'restart';

const SUMMARIES: Readonly<Record<Act, string>> = {
  drain: 'Give a replica no new requests',
  resume: 'Give a drained replica requests again',
  restart:
    'Let the requests of a process finish and start it anew; a model starts all its processes anew, one after the other',
};

export const replicaOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/replicas',
    summary: 'List the model servers and how each is',
    access: { scope: 'replicas:read', installation: true },
    query: memoryPageQuery,
    reply: replicaListSchema,
    run: async ({ query, context }) =>
      pageOf((context.ports.replicas?.list() ?? []).map(replicaToWire), query, ({ id }) => id),
  }),
  actOperation('drain'),
  actOperation('resume'),
  actOperation('restart'),
  defineOperation({
    method: 'get',
    path: '/admin/v1/replicas/{id}/logs',
    summary: 'The last lines a process wrote, or follow them',
    access: { scope: 'replicas:read', installation: true },
    params: idParams,
    query: replicaLogsQuery,
    reply: replicaLogsSchema,
    async run({ params, query, context, signal }) {
      const logs = await portOf(context).logs(params.id, query.lines);
      if (logs === null) throw noProcess(context, params.id, 'its log is where it was started');
      const last = logs.lines.map((line) => ({ line }));
      if (query.follow !== '1' && query.follow !== 'true') return { data: last, next: null };
      return followRows({
        first: last,
        watch: (take) => logs.follow((line) => take({ line })),
        clock: context.settings.clock,
        signal,
      });
    },
  }),
];

function actOperation(act: Act): Operation {
  return defineOperation({
    method: 'post',
    path: `/admin/v1/replicas/{id}/${act}`,
    summary: SUMMARIES[act],
    access: { scope: 'replicas:write', installation: true },
    act: `replica.${act}`,
    params: idParams,
    reply: replicaActSchema,
    // What was asked for goes on after the answer.
    status: 202,
    async run({ params, caller, context }) {
      if (!portOf(context)[act](params.id)) throw noProcess(context, params.id, 'start it anew where it was started');
      await recordDone({ caller, context }, act, params.id);
      return { id: params.id, act };
    },
  });
}

/** Offline there is nothing that could be acted on. */
function portOf({ ports }: AdminContext): ReplicasPort {
  if (ports.replicas !== null) return ports.replicas;
  throw new Refusal('conflict', {
    message: 'No gateway runs with this data directory, so it has no model servers. `keyporter serve` starts it.',
  });
}

function noProcess({ ports }: AdminContext, id: string, instead: string): Refusal {
  const known = ports.replicas?.list().some((replica) => replica.id === id) === true;
  if (known) return new Refusal('conflict', { message: `Keyporter did not start this server; ${instead}.` });
  return new Refusal('not_found', {
    message: 'There is no replica with this id. `keyporter replicas list` shows the ids.',
  });
}

function recordDone({ caller, context }: Acting, act: Act, id: string): Promise<void> {
  const { id: actor, address, requestId } = caller.actor;
  return context.ports.audit.record({
    actor,
    address,
    requestId,
    action: `replica.${act}`,
    target: `replica:${id}`,
    result: 'done',
    details: null,
  });
}

export function replicaToWire(replica: ReplicaInfo): ReplicaBody {
  const { id, url, models, state, detail, inFlight, maxInFlight, waiting, process } = replica;
  return {
    id,
    url,
    models,
    state,
    detail,
    in_flight: inFlight,
    max_in_flight: maxInFlight,
    waiting,
    process: process && {
      pid: process.pid,
      started_at: process.startedAt,
      restarts: process.restarts,
      answers_without_key: process.answersWithoutKey,
      public_at: [...process.publicAt],
    },
  };
}
