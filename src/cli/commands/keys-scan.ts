import { resolve } from 'node:path';
import { type FoundKey, scanPaths, type Unreadable } from '../../keys/scan.js';
import type { RunCommand } from '../invocation.js';
import { printable } from '../printable.js';

/** Exit code 1 when a key was found or a path could not be searched, so that a script notices. */
export const run: RunCommand = async ({ io, globals, args }) => {
  const found: FoundKey[] = [];
  const unreadable: Unreadable[] = [];
  for await (const result of scanPaths(args.map((path) => resolve(io.cwd, path ?? '')))) {
    if (result.kind === 'found') found.push(result);
    else unreadable.push(result);
  }
  if (globals.json) {
    const data = found.map(({ file, line, column, id, prefix }) => ({ file, line, column, id, prefix }));
    io.out(
      `${JSON.stringify({ data, next: null, unreadable: unreadable.map(({ file, reason }) => ({ file, reason })) })}\n`,
    );
  } else {
    for (const { file, line, column, prefix } of found) io.out(`${printable(file)}:${line}:${column}: ${prefix}\n`);
    for (const { file, reason } of unreadable) io.err(`${printable(file)}: not searched: ${printable(reason)}\n`);
    io.err(
      found.length === 0
        ? 'No keys found.\n'
        : `${found.length} keys found. End one with \`keyporter keys revoke ID\`.\n`,
    );
  }
  return found.length > 0 || unreadable.length > 0 ? 1 : 0;
};
