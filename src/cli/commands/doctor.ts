import type { FindingListBody } from '../../admin/contract-gateway.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { printable, styled } from '../printable.js';

/** Exit code 1 when something is an error, so that a script notices. */
export const run: RunCommand = async (invocation) => {
  const { body, text } = await withAdmin(invocation, (client) => ask<FindingListBody>(client, '/admin/v1/doctor'));
  await show(invocation, text, () => printFindings(invocation, body));
  return body.data.some((finding) => finding.severity === 'error') ? 1 : 0;
};

function printFindings({ io }: Invocation, { data }: FindingListBody): void {
  if (data.length === 0) io.out(`${styled(io, 'green', 'Nothing to complain about.')}\n`);
  for (const { severity, check, finding, cure } of data) {
    const mark = {
      error: styled(io, 'red', 'error'),
      warning: styled(io, 'yellow', 'warning'),
      note: styled(io, 'dim', 'note'),
    }[severity];
    io.out(`${mark} ${check}: ${printable(finding)}\n  ${printable(cure)}\n`);
  }
}
