import { z } from '@hono/zod-openapi';
import type { AdminCaller } from './caller.js';
import type { ChangeTurns } from './change-turns.js';
import type { Live } from './live.js';
import type { AdminPorts } from './ports.js';
import { parseJson, parsePart, queryOf } from './read-request.js';
import type { AdminSettings } from './settings.js';

/** What every operation may use. */
export interface AdminContext {
  ports: AdminPorts;
  settings: AdminSettings;
  turns: ChangeTurns;
  live: Live;
}

/** One checked request, as an operation sees it. */
export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  caller: AdminCaller;
  context: AdminContext;
  signal: AbortSignal;
}

/** A request whose parts are not checked yet. */
export interface RawCall {
  params: Record<string, string>;
  url: URL;
  bodyText: string;
  contentType: string | null;
  caller: AdminCaller;
  context: AdminContext;
  signal: AbortSignal;
}

/** Who may call an operation. Every operation has to say; there is no default. */
export type Access =
  /** This scope: for all owners or, with a key that has an owner, for that owner alone. */
  | { scope: string }
  /** At least one of these scopes; which of them stands in the body, and `run` checks it. */
  | { anyOf: readonly string[] }
  /** This scope on a key without an owner: it concerns the whole installation. */
  | { scope: string; installation: true }
  /** Only over the machine's own socket. */
  | 'operator'
  /** Any caller that was identified. */
  | 'anyone'
  /** Also who is not known yet. */
  | 'everyone';

export interface Operation {
  method: 'get' | 'post' | 'patch' | 'delete';
  /** In OpenAPI's spelling, from the root: `/admin/v1/keys/{id}`. */
  path: string;
  summary: string;
  access: Access;
  /** The name of the act in the audit trail when an attempt is refused; null for what only reads. */
  act: string | null;
  /** The answer holds a secret: it is never remembered. */
  revealsSecret: boolean;
  status: number;
  /** Content type of answers without a schema; null = there is nothing in them. */
  replyType: string | null;
  schemas: { params: z.ZodType | null; query: z.ZodType | null; body: z.ZodType | null; reply: z.ZodType | null };
  /** Checks the parts and runs. Answers the body to send as JSON, or a whole response. */
  handle(call: RawCall): Promise<unknown>;
}

interface Definition<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
> {
  method: Operation['method'];
  path: string;
  summary: string;
  access: Access;
  act?: string;
  revealsSecret?: boolean;
  status?: number;
  params?: Params;
  query?: Query;
  body?: Body;
  /** Absent when `run` answers with a whole response. */
  reply?: Reply;
  /** What such a response is; lines of JSON unless said. */
  replyType?: string;
  run(call: Call<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<z.output<Reply> | Response>;
}

const NOTHING = z.strictObject({});

/** Binds an operation to its schemas: what is documented, what is checked and what `run` sees are one thing. */
export function defineOperation<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Reply extends z.ZodType = z.ZodUndefined,
>(definition: Definition<Params, Query, Body, Reply>): Operation {
  const { method, path, summary, access, params, query, body, reply } = definition;
  return {
    method,
    path,
    summary,
    access,
    act: definition.act ?? null,
    revealsSecret: definition.revealsSecret ?? false,
    status: definition.status ?? 200,
    replyType: definition.status === 204 ? null : (definition.replyType ?? 'application/x-ndjson'),
    schemas: { params: params ?? null, query: query ?? null, body: body ?? null, reply: reply ?? null },
    async handle(raw) {
      return definition.run({
        params: checked(params, raw.params, 'path'),
        query: checked(query, queryOf(raw.url), 'query'),
        body: checked(body, parseJson(raw.bodyText, raw.contentType), 'body'),
        caller: raw.caller,
        context: raw.context,
        signal: raw.signal,
      });
    },
  };
}

/** Parts an operation does not take must be empty: what is silently dropped would be taken for understood. */
function checked<Schema extends z.ZodType>(
  schema: Schema | undefined,
  value: unknown,
  place: 'path' | 'query' | 'body',
): z.output<Schema> {
  return parsePart(schema ?? NOTHING, value, place) as z.output<Schema>;
}
