import { Hono } from 'hono';
import { Refusal } from '../core/errors.js';
import { answer, type Dispatcher } from './answer.js';
import type { AdminApp, AdminCaller } from './caller.js';
import { createTurns } from './change-turns.js';
import { createIdempotencyMemory } from './idempotency.js';
import { describeApi } from './openapi.js';
import { createLive } from './live.js';
import type { Operation } from './operation.js';
import { adminOperations, ownOperations } from './operations.js';
import type { AdminPorts } from './ports.js';
import { problemResponse } from './problem.js';
import { createRefusedAttempts } from './refused-attempts.js';
import type { AdminSettings } from './settings.js';
import { createTokenActs } from './token-acts.js';

interface Bindings {
  Bindings: { caller: AdminCaller };
}

/** The admin API over its ports. Callers are authenticated before they come here; what they may do is decided here. */
export function createAdminApp(ports: AdminPorts, settings: AdminSettings): AdminApp {
  const dispatcher: Dispatcher = {
    context: { ports, settings, turns: createTurns(), live: createLive({ ports, settings }) },
    idempotency: createIdempotencyMemory(settings.clock),
    attempts: createRefusedAttempts({ audit: ports.audit, clock: settings.clock, log: settings.log }),
  };
  let description: object | null = null;
  const openapi = (): object => (description ??= describeApi([...adminOperations, ...ownOperations], settings.version));
  const apps = { admin: routed(adminOperations, dispatcher), me: routed(ownOperations, dispatcher) };
  apps.admin.get('/admin/v1/openapi.json', (context) => context.json(openapi()));
  refuseTheRest(apps.admin, [
    ...adminOperations.map(({ path, method }) => ({ path, method })),
    { path: '/admin/v1/openapi.json', method: 'get' },
  ]);
  refuseTheRest(apps.me, ownOperations);
  return {
    openapi,
    tokens: createTokenActs(dispatcher),
    async fetch(request, caller) {
      const response = await apps[caller.reach].fetch(request, { caller });
      if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
      return response;
    },
  };
}

function routed(operations: readonly Operation[], dispatcher: Dispatcher): Hono<Bindings> {
  const app = new Hono<Bindings>();
  for (const operation of operations) {
    app.on(operation.method.toUpperCase(), routePattern(operation.path), (context) =>
      answer({
        operation,
        dispatcher,
        request: context.req.raw,
        params: context.req.param(),
        caller: context.env.caller,
      }),
    );
  }
  app.onError((error, context) => {
    dispatcher.context.settings.log.error({ error: String(error) }, 'the admin API failed');
    return problemResponse(new Refusal('internal', { cause: error }), context.env.caller.actor.requestId);
  });
  return app;
}

/** A known path with another method is 405, every other path 404. */
function refuseTheRest(app: Hono<Bindings>, operations: readonly { path: string; method: string }[]): void {
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const methods = operations
      .filter((operation) => operation.path === path)
      .map((operation) => operation.method.toUpperCase());
    app.all(routePattern(path), (context) => {
      const refusal = new Refusal('method_not_allowed', {
        message: `Here only ${methods.join(', ')} can be used.`,
        headers: ['allow', methods.join(', ')],
      });
      return problemResponse(refusal, context.env.caller.actor.requestId);
    });
  }
  app.notFound((context) => {
    const refusal = new Refusal('unknown_url', {
      message: 'There is no such route. `GET /admin/v1/openapi.json` lists the routes.',
    });
    return problemResponse(refusal, context.env.caller.actor.requestId);
  });
}

/** `/keys/{id}` as `/keys/:id`. */
function routePattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
