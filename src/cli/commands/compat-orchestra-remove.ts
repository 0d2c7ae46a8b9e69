import type { RunCommand } from '../invocation.js';
import { changeKeys, givenKey, say } from '../orchestra-file.js';

/** Exit code 0 also when there is no such key, as with the original. */
export const run: RunCommand = async (invocation) => {
  const key = await givenKey(invocation);
  let removed = false;
  await changeKeys(invocation, (file) => {
    const kept = file.valid_keys.filter((one) => one !== key);
    removed = kept.length < file.valid_keys.length;
    file.valid_keys = kept;
    return removed;
  });
  return say(invocation, removed ? `Removed API key: ${key}\n` : `Key '${key}' not found!\n`, { key, removed });
};
