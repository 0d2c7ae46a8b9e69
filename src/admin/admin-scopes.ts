/** Each of them opens a part of the admin API, and with it the web UI. `admin` covers them all. */
export const ADMIN_SCOPES: readonly string[] = [
  'keys:read',
  'keys:write',
  'keys:revoke',
  'usage:read',
  'audit:read',
  'replicas:read',
  'replicas:write',
];
