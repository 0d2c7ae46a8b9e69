import type { RunCommand } from '../invocation.js';
import { changeKeys, say } from '../orchestra-file.js';

export const run: RunCommand = async (invocation) => {
  const { io } = invocation;
  let required = true;
  await changeKeys(invocation, (file) => {
    required = !file.require_auth_for_external;
    file.require_auth_for_external = required;
    return true;
  });
  if (!required)
    io.err(
      'Warning: Keyporter goes on asking for keys. Only `orchestra.allow_open: true` in its configuration lets this file switch that off.\n',
    );
  return say(invocation, `External authentication ${required ? 'enabled' : 'disabled'}\n`, {
    require_auth_for_external: required,
  });
};
