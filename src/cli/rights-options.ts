import type { KeyChangeBody } from '../admin/contract-key.js';
import { misuse } from './failure.js';
import { changedLimits, type LimitChanges } from './limit-options.js';

/** Options of create, derive and update, as commander gives them. */
export interface RightsOptions {
  name?: string;
  owner?: string;
  scope?: string[];
  model?: string[];
  allowIp?: string[];
  expires?: number | 'never';
  limit?: LimitChanges;
  attribute?: Record<string, string[]>;
  label?: Record<string, string>;
  clear?: string[];
}

const EMPTIED: Readonly<Record<string, KeyChangeBody>> = {
  owner: { owner: null },
  models: { models: [] },
  'allow-ips': { allow_ips: [] },
  limits: { limits: {} },
  attributes: { attributes: {} },
  labels: { labels: {} },
};

/** The members of a request's body that the options name. What is not named is not sent. */
export function rightsBody(options: RightsOptions): KeyChangeBody {
  const { name, owner, scope, model, allowIp, expires, limit, attribute, label, clear = [] } = options;
  const body: KeyChangeBody = {};
  if (name !== undefined) body.name = name;
  if (owner !== undefined) body.owner = owner;
  if (scope !== undefined) body.scopes = scope;
  if (model !== undefined) body.models = model;
  if (allowIp !== undefined) body.allow_ips = allowIp;
  if (expires !== undefined) body.expires_at = expires === 'never' ? null : expires;
  if (limit !== undefined) body.limits = changedLimits({}, limit);
  if (attribute !== undefined) body.attributes = attribute;
  if (label !== undefined) body.labels = label;
  return { ...clear.reduce<KeyChangeBody>((whole, member) => ({ ...whole, ...emptied(member) }), {}), ...body };
}

function emptied(member: string): KeyChangeBody {
  const body = EMPTIED[member];
  if (body === undefined) throw misuse(`--clear takes ${Object.keys(EMPTIED).join(', ')}.`);
  return body;
}
