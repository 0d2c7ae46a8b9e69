import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AuditVerdictBody } from '../../admin/contract-activity.js';
import { ask, show, withQuery } from '../ask.js';
import { withAdmin } from '../client.js';
import { Failure } from '../failure.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { styled } from '../printable.js';

/** A place in the chain, as it was kept elsewhere. */
interface ChainHead {
  sequence: number;
  hash: string;
}

/** Exit code 1 when the trail is not intact, so that a script notices. */
export const run: RunCommand = async (invocation) => {
  const { against } = invocation.options;
  const head = typeof against === 'string' ? await readHead(invocation, against) : {};
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<AuditVerdictBody>(client, withQuery('/admin/v1/audit/verify', { ...head })),
  );
  await show(invocation, text, () => printVerdict(invocation, body));
  return body.intact ? 0 : 1;
};

function printVerdict({ io }: Invocation, verdict: AuditVerdictBody): void {
  const sentence = verdict.intact
    ? styled(io, 'green', `The audit trail is intact: ${verdict.entries} entries.`)
    : styled(
        io,
        'red',
        `The audit trail was changed: entry ${verdict.broken_at ?? '?'} does not fit. Entries before it are intact.`,
      );
  io.out(`${sentence}\nIts head is ${verdict.head}\n`);
  for (const line of verdict.not_proven) io.out(`Not proven: ${line}\n`);
}

/** The latest entry of an export, or the head that an earlier `audit verify --json` printed. */
async function readHead({ io }: Invocation, file: string): Promise<ChainHead> {
  const path = resolve(io.cwd, file);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Failure(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Name a file made by \`keyporter audit export\`.`,
      { cause: error },
    );
  });
  const heads = text.split('\n').flatMap(headOf);
  const latest = heads.reduce<ChainHead | null>(
    (best, head) => (best === null || head.sequence > best.sequence ? head : best),
    null,
  );
  if (latest === null)
    throw new Failure(
      `${path} holds no entry of an audit trail. Name a file made by \`keyporter audit export\` or \`keyporter audit verify --json\`.`,
    );
  return latest;
}

function headOf(line: string): ChainHead[] {
  if (line.trim() === '') return [];
  const value = parsedLine(line);
  const sequence = value['sequence'] ?? value['entries'];
  const hash = value['hash'] ?? value['head'];
  return typeof sequence === 'number' && typeof hash === 'string' ? [{ sequence, hash }] : [];
}

function parsedLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
