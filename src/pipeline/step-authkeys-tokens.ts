import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { authkeysJson } from '../dialects/authkeys.js';
import { scanObject } from '../http/json-scan.js';
import { ROOT } from './authkeys-root.js';
import {
  EXPIRY_LABEL,
  expiryOf,
  idInMask,
  maskedToken,
  SCOPE_LABEL,
  scopesOf,
  targetOf,
  writtenExpiry,
  writtenScope,
} from './authkeys-words.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';
import { answerWhole } from './whole-answer.js';

/** Which methods does this path take? Anybody may ask; other methods pass. */
export const answerAuthkeysOptions: Step = (exchange) => {
  if (exchange.request.method !== 'OPTIONS') return;
  const { unmatched, route } = exchange;
  if (unmatched !== null) throw unmatched;
  exchange.status = 200;
  exchange.reply.head(200, [
    'content-type',
    'text/html; charset=utf-8',
    'allow',
    (route.allow ?? []).join(', '),
    'content-length',
    '0',
    ...exchange.ownHeaders,
  ]);
  exchange.reply.end();
};

/** There is no such route, which only those with a token learn. */
export const refuseUnmatched: Step = ({ unmatched }) => {
  throw unmatched ?? new Refusal('unknown_url');
};

/** Which tokens are there? Shows their ids, never a secret. */
export function createAuthkeysList({ authkeysTokens }: Parts): Step {
  return async (exchange) => {
    const records = await authkeysTokens.list(exchange);
    const known = records.map((record) => ({
      expired_at: writtenExpiry(record),
      scope: writtenScope(record),
      token: maskedToken(record.id),
    }));
    const root =
      exchange.caller === ROOT ? [{ expired_at: null, scope: 'infer:write:revoke', token: maskedToken('root') }] : [];
    const tokens = [...root, ...known].map(({ expired_at, scope, token }, id) => ({ expired_at, id, scope, token }));
    answerText(exchange, 200, authkeysJson({ tokens }));
  };
}

/** Makes a token and shows it, this once. */
export function createAuthkeysCreate({ authkeysTokens, settings, clock }: Parts): Step {
  return async (exchange) => {
    const asked = members(exchange);
    const { allow_scope_escalation: beyondOwnScopes, accept_past_expiry: acceptPast } = settings().authkeys;
    const { written, scopes } = scopesOf(asked['scope']);
    const { expiresAt, past, written: writtenEnd } = expiryOf(asked['expired_at'], unixSeconds(clock), acceptPast);
    const labels = { [SCOPE_LABEL]: written, ...(writtenEnd === null ? {} : { [EXPIRY_LABEL]: writtenEnd }) };
    const key = {
      name: 'authkeys token',
      owner: 'authkeys',
      scopes,
      labels,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    const { record, secret } = await authkeysTokens.create(exchange, { key, beyondOwnScopes, ended: past });
    const told = asked['expired_at'] ?? writtenExpiry(record);
    answerText(
      exchange,
      201,
      authkeysJson({ expired_at: told, scope: written, token: secret.reveal().replaceAll('_', '') }),
    );
  };
}

/** Ends the token that is named by itself or by its masked form. */
export function createAuthkeysRevoke({ authkeysTokens, identity, settings }: Parts): Step {
  const idOf = async (exchange: Exchange): Promise<string> => {
    const target = targetOf(members(exchange)['token_to_revoke']);
    if (target === null) {
      if (settings().authkeys.revoke_self_when_target_missing) return need(exchange.caller, 'caller').id;
      throw new Refusal('invalid_value', { message: 'Token to revoke is required', param: 'token_to_revoke' });
    }
    const id = idInMask(target) ?? (target === '' ? undefined : (await identity.callerWith(target))?.id);
    if (id === undefined) throw new Refusal('not_found', { message: 'Token not found' });
    return id;
  };
  return async (exchange) => {
    await authkeysTokens.revoke(exchange, await idOf(exchange));
    answerText(exchange, 200, authkeysJson({ message: 'Token revoked successfully' }));
  };
}

/** The members of the body. A body of another type has none; JSON that is no object is refused. */
function members({ body }: Exchange): Record<string, unknown> {
  if (body === null) return {};
  scanObject(body);
  return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
}

/** Sends a whole JSON answer of ours. */
export function answerText(exchange: Exchange, status: number, text: string): void {
  answerWhole(exchange, text, { status, headers: ['cache-control', 'no-store'] });
}
