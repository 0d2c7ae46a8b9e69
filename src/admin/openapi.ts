import { OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
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
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'keyporter_session',
    description:
      'The session of a browser (`__Host-keyporter_session` over TLS). Changes also need the header `x-keyporter-ui` and an `origin` of this server.',
  });
  for (const operation of operations) app.openAPIRegistry.registerPath(describe(operation));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Keyporter admin API',
      version,
      license: { name: 'Apache License 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description: 'Every `*_at` is integer Unix seconds. Lists are pages: send `next` as `after` for the next one.',
    },
    servers: [{ url: '/', description: 'The listener that serves this description.' }],
    security: BY_KEY_OR_SESSION,
  });
}

const BY_KEY_OR_SESSION = [{ key: [] }, { session: [] }];

function describe(operation: Operation): RouteConfig {
  const { params, query, body } = operation.schemas;
  const request: Record<string, unknown> = {};
  if (params !== null) request['params'] = params;
  if (query !== null) request['query'] = query;
  if (operation.method === 'post' && operation.act !== null) request['headers'] = REPEATABLE;
  if (body !== null) request['body'] = { content: { 'application/json': { schema: body } } };
  const content = contentOf(operation);
  return {
    method: operation.method,
    path: operation.path,
    operationId: operationId(operation),
    summary: operation.summary,
    security: securityOf(operation),
    description: accessInWords(operation.access),
    request: request as NonNullable<RouteConfig['request']>,
    responses: {
      [operation.status]: {
        description: operation.revealsSecret ? 'Done. Holds the secret, which is shown once.' : 'Done.',
        ...(content === null ? {} : { content }),
      },
      '4XX': { description: 'Refused.', content: PROBLEM },
      default: { description: 'Failed.', content: PROBLEM },
    },
  };
}

const REPEATABLE = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().openapi({
    description:
      'Makes the request safe to repeat for a day: a repetition gets the first answer again or, where that held a secret, 409 with the `key_id`. Another request with the same value gets 409.',
  }),
});

const PROBLEM = { 'application/problem+json': { schema: problemSchema } };

/** `POST /admin/v1/keys/{id}/rotate` as `postKeysByIdRotate`. */
function operationId({ method, path }: Operation): string {
  const words = path
    .replace('/admin/v1', '')
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, 'by-$1'));
  return [method, ...words].join('-').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A session is for the admin API alone; on the socket of the machine nothing is needed. */
function securityOf({ access, path }: Operation): Record<string, string[]>[] {
  if (access === 'everyone' || access === 'operator') return [];
  return path.startsWith('/admin/') ? BY_KEY_OR_SESSION : [{ key: [] }];
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
