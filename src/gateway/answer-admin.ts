import { matchesPattern } from '../access/model-pattern.js';
import { anyCovers } from '../access/scope.js';
import type { AdminApp, AdminCaller } from '../admin/caller.js';
import type { Bounds, Caller } from '../core/caller.js';
import type { KeyDirectory, KeyPolicy } from '../keys/key.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { Parts } from '../pipeline/parts.js';
import { operatorHolder } from './ui.js';
import type { BrowserSessions } from './ui-sessions.js';

/** The operator of the machine, who came through the unix socket. */
export const OPERATOR = { id: 'operator', address: null };

/**
 * Lets the admin API answer a request. It is built from the canonical request, never from what came
 * over the wire, so that what was judged is what is asked.
 */
export function createAnswerAdmin(
  app: () => Promise<AdminApp>,
  directory: KeyDirectory,
  browsers: BrowserSessions,
): Parts['answerAdmin'] {
  return async (exchange, runs) => {
    const { request, reply } = exchange;
    const gone = new AbortController();
    reply.onClose(() => gone.abort());
    const query = request.query === '' ? '' : `?${request.query}`;
    const { fetch } = await app();
    const response = await fetch(
      new Request(`http://keyporter${request.path}${query}`, {
        method: request.method,
        headers: passedHeaders(exchange),
        body: exchange.body,
        signal: gone.signal,
      }),
      {
        ...adminCaller(exchange, directory),
        session: browsers.actsFor(exchange),
        holdsNow: browsers.holding(exchange),
      },
    );
    exchange.status = response.status;
    await passOn(response, exchange, runs);
  };
}

/** Who asks, in the words of the admin API. Whom nobody knows holds nothing. */
export function adminCaller(exchange: Exchange, directory: KeyDirectory): AdminCaller {
  const { id: requestId, caller, operator, session, request, route } = exchange;
  const reach = route.path.startsWith('/admin/') ? 'admin' : 'me';
  if (operator) return { actor: { ...OPERATOR, requestId }, holder: 'operator', keyId: null, reach };
  const { address } = request;
  if (caller === null) {
    const isOperator = session?.caller === null;
    const id = isOperator ? operatorHolder().id : 'nobody';
    return { actor: { id, address, requestId }, holder: isOperator ? 'operator' : NOTHING, keyId: null, reach };
  }
  return {
    actor: { id: caller.id, address, requestId },
    holder: holderOf(caller, directory),
    keyId: caller.kind === 'key' ? caller.id : null,
    reach,
  };
}

const NOTHING: KeyPolicy = { owner: null, scopes: [], models: [], allowIps: [], limits: {}, attributes: {} };

/** What a caller holds by all of its keys. */
export function holderOf(caller: Caller, directory: KeyDirectory): KeyPolicy {
  return heldBy(caller.bounds, directory.byId(caller.id)?.policy ?? null, caller.owner);
}

/** A pattern that matches no model: names have no control characters. */
const NO_MODEL = '\u0000';

/** A derived key holds what every key above it allows too; a caller without a key of ours holds its scopes. */
function heldBy(
  bounds: readonly Pick<Bounds, 'scopes' | 'models'>[],
  policy: KeyPolicy | null,
  owner: string | null,
): KeyPolicy {
  const own = policy ?? {
    owner,
    scopes: bounds[0]?.scopes ?? [],
    models: [],
    allowIps: [],
    limits: {},
    attributes: {},
  };
  const above = bounds.slice(1);
  const scopes = own.scopes.filter((scope) => above.every((parent) => anyCovers(parent.scopes, scope)));
  if (own.models.length === 0) return { ...own, scopes };
  // A key above without patterns reaches what is not restricted; a pattern handed on could reach more.
  const models = own.models.filter((pattern) =>
    above.every((parent) => parent.models.some((held) => matchesPattern(held, pattern))),
  );
  return { ...own, scopes, models: models.length === 0 ? [NO_MODEL] : models };
}

const PASSED = new Set(['content-type', 'accept', 'idempotency-key', 'last-event-id']);

function passedHeaders({ request }: Exchange): Headers {
  const headers = new Headers();
  request.names.forEach((name, at) => {
    if (PASSED.has(name)) headers.set(name, request.headers[at * 2 + 1] ?? '');
  });
  return headers;
}

async function passOn(response: Response, exchange: Exchange, runs: (end: () => void) => void): Promise<void> {
  const { reply, ownHeaders } = exchange;
  const headers: string[] = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  headers.push(...ownHeaders, 'x-content-type-options', 'nosniff');
  const streamed =
    response.headers.get('content-type')?.startsWith('text/event-stream') === true ||
    response.headers.get('content-type') === 'application/x-ndjson';
  if (streamed && response.body !== null) {
    runs(() => reply.destroy());
    reply.head(response.status, headers);
    reply.flush();
    await stream(response.body, exchange);
    return;
  }
  if (response.status === 204) {
    reply.head(204, headers);
    reply.end();
    return;
  }
  if (exchange.request.method === 'HEAD') {
    // The app leaves the body out: how long it would be is not known, and 0 would be a lie.
    reply.head(response.status, headers);
    reply.end();
    return;
  }
  const body = Buffer.from(await response.arrayBuffer());
  reply.head(response.status, [...headers, 'content-length', String(body.length)]);
  reply.end(body);
}

async function stream(body: ReadableStream<Uint8Array>, { reply }: Exchange): Promise<void> {
  const reader = body.getReader();
  let resume = (): void => {};
  reply.onDrain(() => resume());
  reply.onClose(() => {
    resume();
    void reader.cancel().catch(() => {});
  });
  for (;;) {
    const { done, value } = await reader.read();
    if (done || reply.closed) break;
    if (!reply.write(Buffer.from(value))) await new Promise<void>((resolve) => (resume = resolve));
  }
  reply.end();
}
