import { Refusal } from '../core/errors.js';
import { ADMIN_SCOPES } from './admin-scopes.js';
import type { SessionActs, SignedIn } from './caller.js';
import { sessionLinkSchema, sessionSchema, signInSchema, type SessionBody } from './contract-session.js';
import { defineOperation, type AdminContext, type Operation } from './operation.js';
import type { Acting } from './rights.js';

export const sessionOperations: Operation[] = [
  defineOperation({
    method: 'post',
    path: '/admin/v1/session/links',
    summary: 'Make a link that signs a browser in once, within a minute',
    access: { anyOf: ADMIN_SCOPES },
    status: 201,
    reply: sessionLinkSchema,
    async run({ caller, context }) {
      const { url, expiresAt } = actsOf({ caller, context }).makeLink();
      await record({ caller, context }, 'session.link', caller.keyId ?? caller.actor.id);
      return { url, expires_at: expiresAt };
    },
  }),
  defineOperation({
    method: 'post',
    path: '/admin/v1/session',
    summary: 'Sign in with a one-time link or a key; sets the cookie of the session',
    access: 'everyone',
    status: 201,
    body: signInSchema,
    reply: sessionSchema,
    async run({ body, caller, context }) {
      const { cookie, ...session } = await actsOf({ caller, context }).signIn(body);
      const known = { ...caller, actor: { ...caller.actor, id: session.id } };
      await record({ caller: known, context }, 'session.begin', session.id);
      return Response.json(await sessionToWire(session, context), { status: 201, headers: { 'set-cookie': cookie } });
    },
  }),
  defineOperation({
    method: 'get',
    path: '/admin/v1/session',
    summary: 'Show who is signed in, with what rights, until when',
    access: 'anyone',
    reply: sessionSchema,
    run: async ({ caller, context }) => sessionToWire(currentOf({ caller, context }), context),
  }),
  defineOperation({
    method: 'delete',
    path: '/admin/v1/session',
    summary: 'Sign out',
    access: 'anyone',
    status: 204,
    async run({ caller, context }) {
      const { id } = currentOf({ caller, context });
      const cookie = actsOf({ caller, context }).signOut();
      await record({ caller, context }, 'session.end', id);
      return new Response(null, { status: 204, headers: { 'set-cookie': cookie } });
    },
  }),
];

function actsOf({ caller }: Acting): SessionActs {
  if (caller.session !== undefined) return caller.session;
  throw new Refusal('conflict', {
    message: 'No gateway runs with this data directory, so there is no web interface. `keyporter serve` starts it.',
  });
}

function currentOf(acting: Acting): SignedIn {
  const { current } = actsOf(acting);
  if (current !== null) return current;
  throw new Refusal('missing_api_key', {
    message: 'Nobody is signed in with this request. POST /admin/v1/session signs in.',
  });
}

async function sessionToWire(session: SignedIn, { ports }: AdminContext): Promise<SessionBody> {
  const { id, kind, owner, scopes, expiresAt, idleExpiresAt } = session;
  const name = kind === 'key' ? (await ports.keys.get(id))?.name : id.slice(id.indexOf(':') + 1);
  return {
    id,
    kind,
    name: name ?? id,
    owner,
    scopes: [...scopes],
    expires_at: expiresAt,
    idle_expires_at: idleExpiresAt,
  };
}

function record({ caller, context }: Acting, action: string, target: string): Promise<void> {
  const { id: actor, address, requestId } = caller.actor;
  return context.ports.audit.record({
    actor,
    address,
    requestId,
    action,
    target: target.includes(':') ? `caller:${target}` : `key:${target}`,
    result: 'done',
    details: null,
  });
}
