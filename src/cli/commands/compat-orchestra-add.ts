import { weaknessOf } from '../../orchestra/weak-keys.js';
import type { RunCommand } from '../invocation.js';
import { changeKeys, givenKey, say } from '../orchestra-file.js';

/** Exit code 0 also when the key is there already, as with the original. */
export const run: RunCommand = async (invocation) => {
  const { io } = invocation;
  const key = await givenKey(invocation);
  let added = false;
  await changeKeys(invocation, ({ valid_keys: keys }) => {
    added = !keys.includes(key);
    if (added) keys.push(key);
    return added;
  });
  const weakness = weaknessOf(key);
  if (added && weakness !== null)
    io.err(`Warning: this key ${weakness}. \`keyporter compat orchestra generate\` makes a strong one.\n`);
  return say(invocation, added ? `Added API key: ${key}\n` : `Key '${key}' already exists!\n`, { key, added });
};
