import { systemClock } from '../../core/clock.js';
import { findConfigFile, formatFaults, loadConfig } from '../../config/load.js';
import { describeConfig } from '../../config/describe.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { styled } from '../printable.js';

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const { env, cwd, home } = io;
  const file = await findConfigFile({ flag: invocation.args[0] ?? globals.config, env, cwd, home });
  const outcome = await loadConfig(file === null ? { env, cwd } : { file, env, cwd });
  if (!outcome.ok) return refuse(invocation, outcome.faults);
  const does = describeConfig(outcome.loaded.config);
  const { keyFileWarnings } = await import('../../gateway/orchestra.js');
  const warnings = [...outcome.loaded.warnings, ...(await keyFileWarnings(outcome.loaded, systemClock))];
  if (globals.json) {
    io.out(`${JSON.stringify({ ok: true, file, faults: [], warnings, does })}\n`);
    return 0;
  }
  io.out(
    `${styled(io, 'green', file === null ? 'There is no configuration file; the defaults are used.' : `${file} is valid.`)}\n`,
  );
  for (const line of does) io.out(`${line}\n`);
  for (const warning of warnings) io.out(`${styled(io, 'yellow', 'Warning:')} ${warning}\n`);
  return 0;
};

function refuse({ io, globals }: Invocation, faults: Parameters<typeof formatFaults>[0]): number {
  if (globals.json) {
    const detail = `The configuration has ${faults.length} faults. Correct them and check again.`;
    const problem = { type: 'about:blank', title: 'Faulty configuration', status: 400, code: 'invalid_value', detail };
    io.err(`${JSON.stringify({ ...problem, errors: faults })}\n`);
  } else io.err(`${formatFaults(faults)}\n`);
  return 1;
}
