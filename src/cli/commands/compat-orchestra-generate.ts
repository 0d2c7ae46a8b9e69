import { randomBytes } from 'node:crypto';
import type { RunCommand } from '../invocation.js';
import { changeKeys, say } from '../orchestra-file.js';

/** 24 random bytes are 32 characters of `[A-Za-z0-9_-]`. */
const KEY_BYTES = 24;

export const run: RunCommand = async (invocation) => {
  const key = newKey();
  await changeKeys(invocation, ({ valid_keys: keys }) => {
    keys.push(key);
    return true;
  });
  return say(invocation, `Added API key: ${key}\nGenerated new API key: ${key}\n`, { key, added: true });
};

/** One that begins with a dash would look like an option wherever it is typed. */
function newKey(): string {
  const key = randomBytes(KEY_BYTES).toString('base64url');
  return key.startsWith('-') ? newKey() : key;
}
