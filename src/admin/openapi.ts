import { OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import { problemSchema } from './contract.js';
import type { Access, Operation } from './operation.js';

/** The API's description, from the same operations that run. */
export function describeApi(operations: readonly Operation[], version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A Keyporter key that has the scope named at the operation.',
  });
  for (const operation of operations) app.openAPIRegistry.registerPath(describe(operation));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Keyporter admin API',
      version,
      description: 'Every `*_at` is integer Unix seconds. Lists are pages: send `next` as `after` for the next one.',
    },
    security: [{ key: [] }],
  });
}

function describe(operation: Operation): RouteConfig {
  const { params, query, body } = operation.schemas;
  const request: Record<string, unknown> = {};
  if (params !== null) request['params'] = params;
  if (query !== null) request['query'] = query;
  if (body !== null) request['body'] = { content: { 'application/json': { schema: body } } };
  const content = contentOf(operation);
  return {
    method: operation.method,
    path: operation.path,
    summary: operation.summary,
    description: accessInWords(operation.access),
    request: request as NonNullable<RouteConfig['request']>,
    responses: {
      [operation.status]: {
        description: operation.revealsSecret ? 'Done. Holds the secret, which is shown once.' : 'Done.',
        ...(content === null ? {} : { content }),
      },
      default: { description: 'Refused.', content: { 'application/problem+json': { schema: problemSchema } } },
    },
  };
}

/** What the answer is; null where it is empty. */
function contentOf({
  schemas: { reply },
  replyType,
}: Operation): Record<string, { schema: z.ZodType | { type: 'string' } }> | null {
  if (reply !== null) return { 'application/json': { schema: reply } };
  return replyType === null ? null : { [replyType]: { schema: { type: 'string' } } };
}

function accessInWords(access: Access): string {
  if (access === 'operator') return 'Only over the socket of the machine itself.';
  if (access === 'anyone') return 'Any valid key.';
  if (access === 'everyone') return 'Needs no credential.';
  if ('anyOf' in access) return `Needs scope ${access.anyOf.join(' or ')}.`;
  return `Needs scope ${access.scope}${'installation' in access ? ', on a key without an owner' : ''}.`;
}
