import { isAbsolute } from 'node:path';
import { Refusal } from '../core/errors.js';
import type { AdminCaller } from './caller.js';
import { memoryPageQuery } from './contract.js';
import {
  backedUpSchema,
  backupSchema,
  configSchema,
  findingListSchema,
  modelListSchema,
  reloadedSchema,
  statusSchema,
  stoppingSchema,
} from './contract-gateway.js';
import { type AdminContext, defineOperation, type Operation } from './operation.js';
import { pageOf } from './page-of.js';
import { AdminRefusal } from './problem.js';
import type { StatusInfo } from './ports.js';

export const gatewayOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/models',
    summary: 'List the models on offer and their servers',
    access: { scope: 'replicas:read' },
    query: memoryPageQuery,
    reply: modelListSchema,
    run: async ({ query, context }) => pageOf(context.ports.models(), query, ({ id }) => id),
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/status',
    summary: 'What runs, where, and how it is',
    access: { scope: 'replicas:read', installation: true },
    reply: statusSchema,
    run: async ({ context }) => statusToWire(context.ports.status()),
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/doctor',
    summary: 'Every misconfiguration, with its cure',
    access: { scope: 'admin', installation: true },
    reply: findingListSchema,
    run: async ({ context }) => ({ data: await context.ports.doctor(), next: null }),
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/config',
    summary: 'The effective configuration, secrets masked',
    access: { scope: 'admin', installation: true },
    reply: configSchema,
    run: async ({ context }) => configSchema.parse(context.ports.maskedConfig()),
  }),
  defineOperation({
    method: 'post',
    path: '/admin/v1/config/reload',
    summary: 'Read the configuration file again',
    access: { scope: 'admin', installation: true },
    act: 'config.reload',
    reply: reloadedSchema,
    async run({ caller, context }) {
      const { ok, faults } = await context.ports.reload();
      if (ok) {
        await recordDone({ caller, context }, 'config.reload', 'config');
        return { ok: true as const };
      }
      throw new AdminRefusal('conflict', {
        message: `The configuration was not changed; the one before goes on running. ${faults.join(' ')}`.trim(),
        faults: faults.map((detail) => ({ pointer: '', in: 'body' as const, detail })),
      });
    },
  }),
  defineOperation({
    method: 'post',
    path: '/admin/v1/backup',
    summary: 'Copy the key store to a file on this machine',
    // It writes a file with the rights of the gateway, which no key may cause.
    access: 'operator',
    act: 'store.backup',
    body: backupSchema,
    reply: backedUpSchema,
    async run({ body, caller, context }) {
      if (!isAbsolute(body.file))
        throw new Refusal('invalid_value', { message: 'Name the file with its full path.', param: 'file' });
      const made = await context.ports.backup(body.file);
      await recordDone({ caller, context }, 'store.backup', `file:${made.file}`);
      return made;
    },
  }),
  defineOperation({
    method: 'post',
    path: '/admin/v1/stop',
    summary: 'Take no new requests, let running ones end, then stop',
    access: { scope: 'admin', installation: true },
    act: 'gateway.stop',
    reply: stoppingSchema,
    status: 202,
    async run({ caller, context }) {
      const { stop } = context.ports;
      if (stop === null)
        throw new Refusal('conflict', {
          message: 'No gateway runs with this data directory, so there is nothing to stop.',
        });
      await recordDone({ caller, context }, 'gateway.stop', 'gateway');
      stop();
      return { draining: true as const };
    },
  }),
];

function recordDone(
  { caller, context }: { caller: AdminCaller; context: AdminContext },
  action: string,
  target: string,
): Promise<void> {
  const { id: actor, address, requestId } = caller.actor;
  return context.ports.audit.record({ actor, address, requestId, action, target, result: 'done', details: null });
}

function statusToWire(status: StatusInfo) {
  return {
    version: status.version,
    pid: status.pid,
    started_at: status.startedAt,
    data_dir: status.dataDir,
    config_file: status.configFile,
    listeners: status.listeners,
    draining: status.draining,
    keys: status.keys,
    revision: status.revision,
    running: status.running,
    request_log_dropped: status.requestLogDropped,
    warnings: status.warnings,
    upstreams: status.upstreams,
    last_reload: status.lastReload,
  };
}
