import { isIP } from 'node:net';
import { z } from '@hono/zod-openapi';
import { limitsSchema } from './contract-limits.js';
import { countInQuery, listOf, pageQuery, plainText, unixTime } from './contract.js';

const names = z.record(z.string().min(1).max(100), plainText(500)).refine(atMost(50), 'at most 50 entries');
const attributes = z
  .record(z.string().min(1).max(100), z.array(plainText(200)).max(100))
  .refine(atMost(50), 'at most 50 entries');
const addressRange = z.string().max(64).refine(isAddressRange, 'must be an IP address or a range such as 10.0.0.0/8');

/** What a key may do, as create, update and derive take it. Absent members take the configured defaults or stay as they are. */
const wantedPolicy = {
  owner: plainText(200).nullable().optional(),
  scopes: z.array(z.string().min(1).max(64)).max(64).optional(),
  models: z
    .array(plainText(300))
    .max(500)
    .optional()
    .openapi({ description: 'Patterns; `*` matches any run. Empty: every model that is not restricted.' }),
  allow_ips: z.array(addressRange).max(200).optional().openapi({ description: 'CIDR ranges. Empty: any address.' }),
  limits: limitsSchema.optional(),
  attributes: attributes.optional(),
  labels: names.optional(),
  expires_at: unixTime.nullable().optional().openapi({ description: 'Unix seconds, exclusive. null: never.' }),
};

export const newKeySchema = z.strictObject({ name: plainText(200), ...wantedPolicy }).openapi('NewKey');
export const keyChangeSchema = z
  .strictObject({ name: plainText(200).optional(), ...wantedPolicy })
  .openapi('KeyChange');

export const keySchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    prefix: z.string().openapi({ description: 'Safe to show.' }),
    owner: z.string().nullable(),
    scopes: z.array(z.string()),
    models: z.array(z.string()),
    allow_ips: z.array(z.string()),
    limits: limitsSchema,
    attributes: z.record(z.string(), z.array(z.string())),
    labels: z.record(z.string(), z.string()),
    state: z.enum(['active', 'disabled', 'revoked']),
    imported: z.boolean(),
    parent_id: z.string().nullable(),
    expires_at: unixTime.nullable(),
    created_at: unixTime,
    created_by: z.string(),
    updated_at: unixTime,
    disabled_at: unixTime.nullable(),
    revoked_at: unixTime.nullable(),
    revoke_reason: z.string().nullable(),
    rotated_at: unixTime.nullable(),
    previous: z
      .strictObject({ expires_at: unixTime, last_used_at: unixTime.nullable() })
      .nullable()
      .openapi({ description: 'The secret before the last rotation: when it ends, and its last use.' }),
    last_used_at: unixTime.nullable(),
  })
  .openapi('Key');

const secretMember = z.string().openapi({ description: 'The secret. Shown in this answer and never again.' });
const recentAddresses = z
  .array(z.string())
  .nullable()
  .openapi({ description: 'Client addresses of the last 24 hours. null: the request log did not answer in time.' });
const recentModels = z
  .array(z.string())
  .nullable()
  .openapi({ description: 'Models used in the last 24 hours. null: the request log did not answer in time.' });

export const createdKeySchema = keySchema.extend({ key: secretMember }).openapi('CreatedKey');
export const rotatedKeySchema = keySchema
  .extend({ key: secretMember, addresses_24h: recentAddresses, models_24h: recentModels })
  .openapi('RotatedKey', { description: 'The key with its new secret, and where the old one was used lately.' });
export const keyListSchema = listOf(keySchema, 'KeyList');

export const keyListQuery = z.strictObject({
  ...pageQuery,
  owner: z.string().max(200).optional(),
  label: z.string().max(700).optional().openapi({ description: 'NAME=VALUE' }),
  unused_for_seconds: countInQuery(0, 3_153_600_000)
    .optional()
    .openapi({ description: 'Not used for this long, or never.' }),
  expiring_seconds: countInQuery(0, 3_153_600_000).optional().openapi({ description: 'Expires within this time.' }),
  state: z.enum(['active', 'disabled', 'revoked']).optional(),
  parent_id: z.string().max(200).optional(),
  search: z.string().max(200).optional().openapi({ description: 'Contained in name, owner or id.' }),
});

const LONGEST_OVERLAP_SECONDS = 604_800;
const USUAL_OVERLAP_SECONDS = 86_400;

export const rotateSchema = z
  .strictObject({ overlap_seconds: z.int().min(0).max(LONGEST_OVERLAP_SECONDS).default(USUAL_OVERLAP_SECONDS) })
  .openapi('Rotate', {
    description: 'How long the old secret goes on working: 24 hours unless said, 0 ends it now, at most 7 days.',
  });

const reason = plainText(500).nullable().optional();
export const revokeOneSchema = z.strictObject({ reason }).openapi('RevokeOne');
export const revokeManySchema = z
  .strictObject({
    owner: plainText(200).optional(),
    label: z.strictObject({ name: z.string().min(1).max(100), value: z.string().max(500) }).optional(),
    key: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .openapi({ description: 'The secret itself, for example one that was found in a leak.' }),
    reason,
    dry_run: z.boolean().default(false).openapi({ description: 'Only list what would be revoked.' }),
  })
  .refine((body) => [body.owner, body.label, body.key].filter((target) => target !== undefined).length === 1, {
    message: 'name exactly one of owner, label and key',
  })
  .openapi('RevokeMany');

export const revokedSchema = z
  .strictObject({
    revoked: z.array(z.string()).openapi({ description: 'Ids revoked now, derived keys included.' }),
    children: z.array(z.string()).openapi({ description: 'Those of them that died with a parent in the list.' }),
    streams_ended: z.int(),
    last_used_at: unixTime.nullable(),
    addresses_24h: recentAddresses,
    models_24h: recentModels,
  })
  .openapi('Revoked');

export const ownKeySchema = keySchema
  .pick({
    id: true,
    name: true,
    prefix: true,
    owner: true,
    scopes: true,
    models: true,
    allow_ips: true,
    limits: true,
    expires_at: true,
    created_at: true,
    rotated_at: true,
    previous: true,
    last_used_at: true,
  })
  .extend({ self_service: z.array(z.string()).openapi({ description: 'What the holder may do with this key.' }) })
  .openapi('OwnKey');

export const ownerSchema = z
  .strictObject({
    name: z.string(),
    disabled: z.boolean(),
    limits: limitsSchema,
    keys: z.int(),
    last_used_at: unixTime.nullable(),
  })
  .openapi('Owner');
export const ownerListSchema = listOf(ownerSchema, 'OwnerList');
export const ownerParams = z.strictObject({ name: z.string().min(1).max(200) });
const ownerChange = {
  disabled: z.boolean().optional(),
  limits: limitsSchema
    .optional()
    .openapi({ description: 'For all its keys together. Replaces those set before; `{}` = none.' }),
};
export const ownerChangeSchema = z.strictObject(ownerChange).openapi('OwnerChange');
export const namedOwnerChangeSchema = z
  .strictObject({ name: plainText(200), ...ownerChange })
  .openapi('NamedOwnerChange');
export const changedOwnerSchema = ownerSchema.extend({ streams_ended: z.int() }).openapi('ChangedOwner');

export type NewKeyBody = z.infer<typeof newKeySchema>;
export type KeyChangeBody = z.infer<typeof keyChangeSchema>;
export type KeyBody = z.infer<typeof keySchema>;
export type CreatedKeyBody = z.infer<typeof createdKeySchema>;
export type RotatedKeyBody = z.infer<typeof rotatedKeySchema>;
export type KeyListBody = z.infer<typeof keyListSchema>;
export type RevokeManyBody = z.input<typeof revokeManySchema>;
export type RevokedBody = z.infer<typeof revokedSchema>;
export type OwnKeyBody = z.infer<typeof ownKeySchema>;
export type OwnerBody = z.infer<typeof ownerSchema>;
export type OwnerListBody = z.infer<typeof ownerListSchema>;
export type ChangedOwnerBody = z.infer<typeof changedOwnerSchema>;

function atMost(count: number): (record: object) => boolean {
  return (record) => Object.keys(record).length <= count;
}

function isAddressRange(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128));
}
