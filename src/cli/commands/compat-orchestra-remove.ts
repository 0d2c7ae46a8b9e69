import type { RunCommand } from '../invocation.js';
import { changeKeys, givenKey } from '../orchestra-file.js';

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
  invocation.io.out(removed ? `Removed API key: ${key}\n` : `Key '${key}' not found!\n`);
  return 0;
};
