import type { ExplainBody, ExplanationBody } from '../../admin/contract-gateway.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import { misuse } from '../failure.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { printable, styled } from '../printable.js';
import { printTable } from '../table.js';

interface Options {
  id?: string;
  model?: string;
  from?: string;
  at?: number;
}

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const question = { method: 'POST' as const, body: await bodyOf(invocation) };
  const asker = { ...invocation, globals: { ...globals, key: undefined } };
  const { body, text } = await withAdmin(asker, (client) =>
    ask<ExplanationBody>(client, '/admin/v1/explain', question),
  );
  return show(invocation, text, async () => {
    await printTable(
      io,
      ['ANSWER', 'RULE', 'WHY'],
      body.rules.map((rule) => [rule.answer, rule.rule, rule.why]),
    );
    const verdict = body.allowed
      ? styled(io, 'green', 'It would pass.')
      : styled(io, 'red', `It would be refused: ${body.status} ${body.code ?? ''}.`);
    io.out(`${verdict}${body.message === null || body.allowed ? '' : ` ${printable(body.message)}`}\n`);
    if (body.next_pass_at !== null) io.out(`It would pass from ${toTheSecond(body.next_pass_at)} UTC on.\n`);
  });
};

/** Room in a limit comes back within seconds. */
function toTheSecond(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

async function bodyOf({ io, globals, args, options }: Invocation): Promise<ExplainBody> {
  const { id, model, from, at }: Options = options;
  if (id !== undefined && globals.key !== undefined) throw misuse('Name --id or "--key -", not both.');
  const body: ExplainBody = { method: (args[0] ?? '').toUpperCase(), path: args[1] ?? '' };
  if (id !== undefined) body.key_id = id;
  if (globals.key !== undefined) body.key = (await io.readInput()).trim();
  if (model !== undefined) body.model = model;
  if (from !== undefined) body.from = from;
  if (at !== undefined) body.at = at;
  return body;
}
