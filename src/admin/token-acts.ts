import { Refusal } from '../core/errors.js';
import type { Secret } from '../core/secret.js';
import type { KeyRecord, NewKey } from '../keys/key.js';
import type { Dispatcher } from './answer.js';
import type { AdminCaller } from './caller.js';
import { eachKey } from './each-key.js';
import { revokeOne } from './key-revocation.js';
import { policyOf, requireMembers } from './keys.js';
import { asOfNow, reaches, requireHeld, type Acting } from './rights.js';

/** Whose keys the tokens of authkeys listeners are. */
const OWNER = 'authkeys';
/** All that a token of such a listener can have. */
const SCOPES = ['infer', 'keys:read', 'keys:write', 'keys:revoke'];

/** A token that is to be made for an authkeys listener. */
interface WantedToken {
  key: NewKey;
  /** It may have scopes its maker does not have. */
  beyondOwnScopes: boolean;
  /** It is switched off in the moment it is made. */
  ended: boolean;
}

/** The same acts on keys as the admin API has, for listeners with another wire contract. The scope of the route is already judged. */
export interface TokenActs {
  list(caller: AdminCaller): Promise<KeyRecord[]>;
  create(caller: AdminCaller, wanted: WantedToken): Promise<{ record: KeyRecord; secret: Secret }>;
  revoke(caller: AdminCaller, id: string): Promise<void>;
}

export function createTokenActs({ context, attempts }: Dispatcher): TokenActs {
  const attempted = async <T>(
    caller: AdminCaller,
    { act, target }: { act: string; target: string },
    change: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await change();
    } catch (error) {
      if (error instanceof Refusal) await attempts.record({ actor: caller.actor, act, target, refusal: error });
      throw error;
    }
  };
  return {
    async list(caller) {
      const tokens: KeyRecord[] = [];
      const own = caller.keyId === null ? null : await context.ports.keys.get(caller.keyId);
      if (own !== null && own.owner !== OWNER) tokens.push(own);
      if (!reaches(caller, OWNER)) return tokens;
      for await (const key of eachKey(context, { owner: OWNER })) if (key.state !== 'revoked') tokens.push(key);
      return tokens;
    },
    create: (caller, wanted) =>
      attempted(caller, { act: 'key.create', target: 'keys' }, () =>
        context.turns.take(async () => create({ context, caller: await asOfNow({ caller, context }) }, wanted)),
      ),
    revoke: (caller, id) =>
      attempted(caller, { act: 'key.revoke', target: `key:${id.slice(0, 64)}` }, async () => {
        const record = await context.ports.keys.get(id);
        if (record === null || record.state === 'revoked' || !reaches(caller, record.owner))
          throw new Refusal('not_found', { message: 'Token not found' });
        await revokeOne({ caller, context }, id, null);
      }),
  };
}

async function create(
  acting: Acting,
  { key, beyondOwnScopes, ended }: WantedToken,
): Promise<{ record: KeyRecord; secret: Secret }> {
  const { context, caller } = acting;
  const { keys, policy } = context.ports;
  const wanted = withBoundsOfMaker(key, acting);
  requireMembers({ ...wanted, expires_at: wanted.expiresAt, allow_ips: wanted.allowIps }, policy.required);
  await requireHeld(beyondOwnScopes ? { context, caller: withAllScopes(caller) } : acting, policyOf(wanted, acting));
  const made = await keys.create(wanted, caller.actor);
  return ended ? { ...made, record: await keys.setDisabled(made.record.id, true, caller.actor) } : made;
}

/** The contract has no words for models, addresses and limits: a token has those of whoever made it. */
function withBoundsOfMaker(key: NewKey, { caller, context }: Acting): NewKey {
  const endless = key.expiresAt === null && context.ports.policy.maxLifetimeSeconds !== null;
  const { expiresAt, ...rest } = key;
  // "Never" is as long as this installation allows.
  const settled = endless || expiresAt === undefined ? rest : { ...rest, expiresAt };
  if (caller.holder === 'operator') return settled;
  const { models, allowIps, limits } = caller.holder;
  return { ...settled, models, allowIps, limits };
}

function withAllScopes(caller: AdminCaller): AdminCaller {
  if (caller.holder === 'operator') return caller;
  return { ...caller, holder: { ...caller.holder, scopes: [...caller.holder.scopes, ...SCOPES] } };
}
