import { Refusal } from '../core/errors.js';
import type { AdminCaller } from './caller.js';
import type { IdempotencyMemory, Remembered } from './idempotency.js';
import type { AdminContext, Operation } from './operation.js';
import { problemResponse } from './problem.js';
import { readBody } from './read-request.js';
import type { RefusedAttempts } from './refused-attempts.js';
import { boundOwner, holds, requireScope } from './rights.js';

export interface Dispatcher {
  context: AdminContext;
  idempotency: IdempotencyMemory;
  attempts: RefusedAttempts;
}

interface Asked {
  operation: Operation;
  dispatcher: Dispatcher;
  request: Request;
  params: Record<string, string>;
  caller: AdminCaller;
}

/** One request through its operation: rights first, then its parts, then the act. Every failure becomes a problem body. */
export async function answer(asked: Asked): Promise<Response> {
  const { operation, dispatcher, caller, params } = asked;
  try {
    requireAccess(asked);
    return await perform(asked);
  } catch (error) {
    const refusal = refusalOf(error, asked);
    if (operation.act !== null) {
      const target = targetOf(operation, params, caller);
      await dispatcher.attempts.record({ actor: caller.actor, act: operation.act, target, refusal });
    }
    return problemResponse(refusal, caller.actor.requestId, operation.schemas.body === null ? 'query' : 'body');
  }
}

/** The first gate. What depends on the body is asked again by the operation itself. */
function requireAccess({ operation: { access }, dispatcher: { context }, caller }: Asked): void {
  const acting = { caller, context };
  if (access === 'anyone' || access === 'everyone') return;
  if (caller.holder === 'operator' && (access !== 'operator' || caller.session?.current == null)) return;
  if (access === 'operator')
    throw new Refusal('missing_scope', {
      message: 'This can only be done on the machine itself, with `keyporter` and no key.',
    });
  if ('anyOf' in access) {
    const first = access.anyOf[0];
    if (!access.anyOf.some((scope) => holds(acting, scope)) && first !== undefined) requireScope(acting, first);
    return;
  }
  requireScope(acting, access.scope);
  if ('installation' in access && boundOwner(caller) !== null) {
    throw new Refusal('missing_scope', {
      message: 'This concerns all owners, and the key is bound to one. Use a key without an owner.',
    });
  }
}

async function perform({ operation, dispatcher, request, params, caller }: Asked): Promise<Response> {
  const bodyText = await readBody(request);
  const url = new URL(request.url);
  const work = (): Promise<unknown> =>
    operation.handle({
      params,
      url,
      bodyText,
      contentType: request.headers.get('content-type'),
      caller,
      context: dispatcher.context,
      signal: request.signal,
    });
  // What only reads can be done again, and its answer may be of any length.
  const repeatable = operation.method !== 'post' || operation.act === null;
  const key = repeatable ? null : request.headers.get('idempotency-key');
  if (key === null) {
    const done = await work();
    return done instanceof Response ? done : jsonResponse(JSON.stringify(done), operation.status);
  }
  let fresh: string | null = null;
  const remembered = await dispatcher.idempotency.once(
    { key, caller, parts: [request.method, url.pathname, url.search, bodyText] },
    async () => {
      const done = await work();
      fresh = JSON.stringify(done);
      return forMemory(operation, done, fresh);
    },
  );
  return jsonResponse(fresh ?? remembered.text ?? '', operation.status);
}

/** A secret is in the answer that is being sent, and in nothing that stays. */
function forMemory({ revealsSecret, status }: Operation, done: unknown, text: string): Remembered {
  if (!revealsSecret) return { status, text, keyId: null };
  const id = typeof done === 'object' && done !== null && 'id' in done && typeof done.id === 'string' ? done.id : null;
  return { status, text: null, keyId: id };
}

function jsonResponse(text: string, status: number): Response {
  return new Response(text, { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}

function refusalOf(error: unknown, { operation, dispatcher, caller }: Asked): Refusal {
  if (error instanceof Refusal) return error;
  const { log } = dispatcher.context.settings;
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ request: caller.actor.requestId, path: operation.path, error: cause }, 'the admin API failed');
  return new Refusal('internal', { cause: error });
}

/** What an attempt was aimed at, in the audit trail's words. */
function targetOf(operation: Operation, params: Record<string, string>, caller: AdminCaller): string {
  if (operation.path.startsWith('/me')) return `key:${caller.keyId ?? 'none'}`;
  if (params['id'] !== undefined) return `${kindOf(operation.path)}:${params['id'].slice(0, 64)}`;
  if (params['name'] !== undefined) return `owner:${params['name'].slice(0, 64)}`;
  return operation.path.split('/')[3] ?? operation.path;
}

function kindOf(path: string): string {
  if (path.includes('/streams/')) return 'request';
  return path.includes('/replicas/') ? 'replica' : 'key';
}
