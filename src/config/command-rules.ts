import { placeholdersOf, splitCommand } from '../core/command-line.js';
import type { Report, Rule } from './rule.js';
import type { ParsedConfig } from './schema.js';

type Model = ParsedConfig['models'][string];

/** Members that mean something only beside `command`. */
const BESIDE_COMMAND = ['shell', 'processes', 'env', 'ports', 'gpus'] as const;

/** The rules about models whose servers Keyporter starts itself. */
export const commandRules: readonly Rule[] = [
  {
    needs: ['models'],
    check({ models }, report) {
      for (const [name, model] of Object.entries(models)) {
        const of = (member: string, message: string): void => report(['models', name, member], message);
        if (model.command === null) checkServed(model, of);
        else checkStarted(model, model.command, of);
      }
    },
  },
  {
    needs: ['models'],
    check({ models }, report) {
      const ranges = new Map<string, { wanted: number; first: string }>();
      for (const [name, { command, ports, processes }] of Object.entries(models)) {
        if (command === null) continue;
        const range = ports ?? '9100-9199';
        const known = ranges.get(range) ?? { wanted: 0, first: name };
        ranges.set(range, { ...known, wanted: known.wanted + processes });
      }
      for (const [range, { wanted, first }] of ranges) checkRange({ range, wanted, first }, report);
    },
  },
];

type ReportMember = (member: string, message: string) => void;

function checkServed(model: Model, report: ReportMember): void {
  if (model.replicas.length === 0)
    report('replicas', 'must name at least one server, unless there is a `command` that starts it');
  for (const member of BESIDE_COMMAND) {
    const value = model[member];
    const unset =
      value === null ||
      value === false ||
      value === 1 ||
      (typeof value === 'object' && Object.keys(value).length === 0);
    if (!unset) report(member, 'has a meaning only beside a `command`');
  }
}

function checkStarted({ shell, env, gpus, processes, replicas }: Model, command: string, report: ReportMember): void {
  if (replicas.length > 0)
    report('replicas', 'cannot be given beside `command`; name the servers that run by themselves under another model');
  if (gpus.length > 0 && gpus.length < processes)
    report('gpus', `must name one for each of the ${processes} processes, or none`);
  const split = shell ? null : splitCommand(command);
  if (split?.fault !== undefined) report('command', split.fault);
  const inCommand = placeholdersOf(command);
  if (inCommand.fault !== null) report('command', inCommand.fault);
  if (inCommand.used.has('api_key')) {
    report(
      'command',
      'cannot hold {api_key}: every user of this machine can read command lines; use it under `env`, or {key_file}',
    );
  }
  const inValues = Object.entries(env).map(([name, value]) => ({ name, ...placeholdersOf(value.reveal()) }));
  for (const { name, fault } of inValues) if (fault !== null) report('env', `${fault} (in ${name})`);
  if (!inCommand.used.has('port') && !inValues.some(({ used }) => used.has('port'))) {
    report('command', 'must hold {port}, here or under `env`: each process listens on a port of its own');
  }
}

function checkRange({ range, wanted, first }: { range: string; wanted: number; first: string }, report: Report): void {
  const [from = 0, to = 0] = range.split('-').map(Number);
  if (to - from + 1 < wanted)
    report(['models', first, 'ports'], `has room for ${to - from + 1} processes, and ${wanted} are wanted`);
}
