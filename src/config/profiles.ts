import { flag, path, section, wholeNumber } from './members.js';

export const authkeys = section({
  max_body_bytes: wholeNumber(1024, 1_073_741_824, 'bytes')
    .default(1_048_576)
    .describe('Largest body on an authkeys listener, in bytes.'),
  errors_as_200: flag().default(false).describe('Answers errors with status 200 as the original does.'),
  accept_past_expiry: flag().default(false).describe('Takes an expiry in the past when a token is made.'),
  allow_scope_escalation: flag().default(false).describe('Lets a token make one that may do more.'),
  revoke_self_when_target_missing: flag()
    .default(false)
    .describe('Revokes the token of the caller when `token_to_revoke` is missing.'),
  bootstrap_root_when_empty: flag()
    .default(false)
    .describe('Lets the token `root` do everything when the start found no token that can be used.'),
}).describe('Behaviour of authkeys listeners. Every switch brings back an unsafe habit of the original.');

export const orchestra = section({
  keys_file: path()
    .nullable()
    .optional()
    .meta({
      description:
        "Orchestra's key file, followed while the gateway runs. Left out = `$API_KEYS_FILE`, else `api_keys.json` beside the configuration file. `null` = keys of the store only.",
      examples: ['api_keys.json'],
    }),
  allow_open: flag()
    .default(false)
    .describe('Lets `require_auth_for_external: false` in the key file switch authentication off.'),
  open_status: flag().default(false).describe('Shows `/status` and `/metrics` without a key.'),
  mask_worker_errors: flag()
    .default(false)
    .describe('Answers 502 whatever status a worker refuses with, as the original does.'),
}).describe('Behaviour of orchestra listeners.');
