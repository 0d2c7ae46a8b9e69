import { auditListQuery, auditListSchema, auditVerdictSchema, auditVerifyQuery } from './contract-activity.js';
import { defined } from './defined.js';
import { defineOperation, type Operation } from './operation.js';
import type { AuditPort } from './ports.js';
import { auditToWire } from './wire-activity.js';

const ROWS_AT_A_TIME = 500;

export const auditOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/audit',
    summary: 'List who changed, or tried to change, what',
    access: { scope: 'audit:read', installation: true },
    query: auditListQuery,
    reply: auditListSchema,
    async run({ query, context }) {
      const { limit, after, action, target, actor } = query;
      const page = await context.ports.audit.list(defined({ limit, after }), defined({ action, target, actor }));
      return { data: page.data.map(auditToWire), next: page.next };
    },
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/audit/verify',
    summary: 'Check that no entry was changed or removed',
    access: { scope: 'audit:read', installation: true },
    query: auditVerifyQuery,
    reply: auditVerdictSchema,
    async run({ query: { sequence, hash }, context }) {
      const outside = sequence === undefined || hash === undefined ? undefined : { sequence, hash };
      const { intact, entries, brokenAt, head, notProven } = await context.ports.audit.verify(outside);
      return { intact, entries, broken_at: brokenAt, head, not_proven: notProven };
    },
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/audit/export',
    summary: 'All entries, one JSON object a line, newest first',
    access: { scope: 'audit:read', installation: true },
    run: async ({ context }) => exportAll(context.ports.audit),
  }),
];

/** Pages are read as the receiver takes them, so an export of any length needs the memory of one page. */
function exportAll(audit: AuditPort): Response {
  const encoder = new TextEncoder();
  let after: string | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const page = await audit.list(defined({ limit: ROWS_AT_A_TIME, after }));
        const lines = page.data.map((entry) => `${JSON.stringify(auditToWire(entry))}\n`);
        if (lines.length > 0) controller.enqueue(encoder.encode(lines.join('')));
        if (page.next === null) return controller.close();
        after = page.next;
      },
    },
    new CountQueuingStrategy({ highWaterMark: 1 }),
  );
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}
