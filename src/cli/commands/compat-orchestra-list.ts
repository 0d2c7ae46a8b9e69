import type { Io } from '../io.js';
import type { RunCommand } from '../invocation.js';
import { readKeys } from '../orchestra-file.js';
import { printable } from '../printable.js';

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const file = await readKeys(invocation);
  const { valid_keys: keys, require_auth_for_external: required, local_networks: local } = file;
  if (globals.json) {
    io.out(
      `${JSON.stringify({ data: keys, next: null, require_auth_for_external: required, local_networks: local })}\n`,
    );
    return 0;
  }
  io.out(`Authentication required for external requests: ${required ? 'True' : 'False'}\n`);
  io.out(`Local networks (no auth required): ${local.map(printable).join(', ')}\n`);
  io.out(`\nValid API keys (${keys.length}):\n`);
  for (const [index, key] of keys.entries()) io.out(`  ${index + 1}. ${shown(key, io)}\n`);
  if (io.outIsTerminal && keys.length > 0) io.err('Keys are shortened on a terminal; the file has them whole.\n');
  return 0;
};

/** Scripts read what the original wrote; on a screen a key is for everybody who stands behind it. */
function shown(key: string, { outIsTerminal }: Io): string {
  return printable(outIsTerminal ? `${key.slice(0, 4)}...` : key);
}
