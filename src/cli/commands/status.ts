import type { StatusBody } from '../../admin/contract-gateway.js';
import { ask, show } from '../ask.js';
import { printEndpoint } from './status-endpoint.js';
import { withAdmin } from '../client.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { moment, printable, styled } from '../printable.js';
import { printFacts, printTable } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { endpoint, withScheme = false }: { endpoint?: string[] | true; withScheme?: boolean } = invocation.options;
  if (endpoint !== undefined)
    return printEndpoint(invocation, { names: endpoint === true ? [] : endpoint, withScheme });
  const { body, text, way } = await withAdmin(invocation, async (client) => ({
    ...(await ask<StatusBody>(client, '/admin/v1/status')),
    way: client.way,
  }));
  return show(invocation, text, () => printStatus(invocation, body, way !== 'offline'));
};

async function printStatus({ io }: Invocation, status: StatusBody, runs: boolean): Promise<void> {
  const state = status.draining
    ? 'lets running requests end, then stops'
    : `runs since ${moment(status.started_at)} UTC (process ${status.pid})`;
  printFacts(io, [
    ['gateway', runs ? state : 'does not run'],
    ['version', status.version],
    [
      'listens on',
      status.listeners.map((listener) => `${listener.url} (${listener.serve.join(', ')})`).join(' ') || null,
    ],
    ['configuration', status.config_file ?? 'none, defaults'],
    ['data directory', status.data_dir],
    ['keys', String(status.keys)],
    ['running requests', String(status.running)],
    [
      'last reload',
      status.last_reload &&
        `${moment(status.last_reload.at)} ${status.last_reload.ok ? 'ok' : `refused: ${status.last_reload.faults.join(' ')}`}`,
    ],
  ]);
  if (status.upstreams.length > 0) {
    io.out('\n');
    const rows = status.upstreams.map((upstream) => [
      upstream.url,
      upstream.engine,
      upstream.state,
      String(upstream.models),
      upstream.detail ?? '-',
    ]);
    await printTable(io, ['MODEL SERVER', 'ENGINE', 'STATE', 'MODELS', 'DETAIL'], rows);
  }
  for (const warning of status.warnings) io.out(`${styled(io, 'yellow', 'Warning:')} ${printable(warning)}\n`);
}
