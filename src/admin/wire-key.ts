import type { KeyChange, KeyFilter, KeyRecord, NewKey, OwnerChange, OwnerRecord } from '../keys/key.js';
import type { z } from '@hono/zod-openapi';
import type { KeyBody, KeyChangeBody, keyListQuery, NewKeyBody, OwnerBody, ownerChangeSchema } from './contract-key.js';
import { defined } from './defined.js';

/** A key as it is sent. Members are named one by one: what is added to the record does not leak by itself. */
export function keyToWire(record: KeyRecord): KeyBody {
  return {
    id: record.id,
    name: record.name,
    prefix: record.prefix,
    owner: record.owner,
    scopes: [...record.scopes],
    models: [...record.models],
    allow_ips: [...record.allowIps],
    limits: { ...record.limits },
    attributes: Object.fromEntries(Object.entries(record.attributes).map(([name, values]) => [name, [...values]])),
    labels: { ...record.labels },
    state: record.state,
    imported: record.imported,
    parent_id: record.parentId,
    expires_at: record.expiresAt,
    created_at: record.createdAt,
    created_by: record.createdBy,
    updated_at: record.updatedAt,
    disabled_at: record.disabledAt,
    revoked_at: record.revokedAt,
    revoke_reason: record.revokeReason,
    rotated_at: record.rotatedAt,
    previous: record.previous && { expires_at: record.previous.expiresAt, last_used_at: record.previous.lastUsedAt },
    last_used_at: record.lastUsedAt,
  };
}

export function newKeyFromWire(body: NewKeyBody): NewKey {
  return { ...keyChangeFromWire(body), name: body.name };
}

export function keyChangeFromWire(body: KeyChangeBody): KeyChange {
  const { allow_ips: allowIps, expires_at: expiresAt, limits, ...same } = body;
  return defined({ ...same, allowIps, expiresAt, limits: limits && defined(limits) });
}

export function keyFilterFromWire(query: z.infer<typeof keyListQuery>): KeyFilter {
  const { owner, state, search } = query;
  return defined({
    owner,
    state,
    search,
    label: query.label === undefined ? undefined : splitLabel(query.label),
    unusedForSeconds: query.unused_for_seconds,
    expiringSeconds: query.expiring_seconds,
    parentId: query.parent_id,
  });
}

export function ownerChangeFromWire({ disabled, limits }: z.infer<typeof ownerChangeSchema>): OwnerChange {
  return defined({ disabled, limits: limits && defined(limits) });
}

export function ownerToWire(owner: OwnerRecord): OwnerBody {
  return {
    name: owner.name,
    disabled: owner.disabled,
    limits: { ...owner.limits },
    keys: owner.keys,
    last_used_at: owner.lastUsedAt,
  };
}

/** `team=blue` as name and value; the value may hold further equals signs. */
function splitLabel(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, value: '' } : { name: text.slice(0, at), value: text.slice(at + 1) };
}
