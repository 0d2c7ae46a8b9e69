import type { Command } from 'commander';
import { buildProgram } from '../src/cli/program.js';
import type { Io } from '../src/cli/io.js';

/** A world in which nothing happens: the commands are only described. */
export const NOWHERE: Io = {
  out: () => undefined,
  err: () => undefined,
  env: {},
  cwd: '/',
  home: '/',
  outIsTerminal: false,
  inIsTerminal: false,
  readInput: () => Promise.resolve(''),
  onSignal: () => () => undefined,
  version: '0.0.0',
};

const LATER = '(not yet in this version)';
/** Commands with others under them that can also be given alone. */
const DO_SOMETHING_THEMSELVES = ['me', 'streams', 'usage'];

/** The page about every command, from the declarations that also give `--help`. */
export function cliManual(generated: string): string {
  const program = buildProgram(NOWHERE, () => undefined);
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const later = commands.filter((command) => command.summary().endsWith(LATER));
  return [
    generated,
    '',
    '# Command line',
    '',
    'Exit codes: 0 done, 1 refused or failed, 2 wrong usage. An error is one sentence that says what to do next. On the machine of',
    'the gateway the command needs no key; elsewhere it takes `--url` and the key in `KEYPORTER_KEY`. Secrets are never given as',
    'arguments, because other users of a machine can read those.',
    '',
    '## With every command',
    '',
    ...optionRows(program),
    ...commands.filter((command) => !later.includes(command)).flatMap((command) => section(command, 'keyporter')),
    '## Not yet in this version',
    '',
    'These names are kept, and refuse:',
    '',
    ...later.map((command) => `- \`${command.name()}\`: ${command.summary().replace(LATER, '').trim()}`),
    '',
  ].join('\n');
}

function section(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`;
  const inner = command.commands.filter((one) => one.name() !== 'help').flatMap((one) => section(one, name));
  const isGroup = inner.length > 0 && !DO_SOMETHING_THEMSELVES.includes(command.name());
  if (isGroup) return inner;
  return [
    `## ${name}`,
    '',
    sentence(command.description() || command.summary()),
    '',
    `\`${[name, usage(command)].filter((part) => part !== '').join(' ')}\``,
    '',
    ...optionRows(command),
    ...inner,
  ];
}

function usage(command: Command): string {
  const parts = command.registeredArguments.map((one) => {
    const name = one.variadic ? `${one.name()}...` : one.name();
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [...parts, ...(visible(command).length > 0 ? ['[options]'] : [])].join(' ');
}

const visible = (command: Command) =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => option.long !== '--help');

function optionRows(command: Command): string[] {
  const given = command.registeredArguments.map((one) => `| \`${one.name()}\` | ${one.description} |`);
  const options = visible(command).map(
    (option) => `| \`${option.flags.replaceAll('|', '\\|')}\` | ${option.description} |`,
  );
  const rows = [...given, ...options].filter((line) => !line.endsWith('|  |'));
  return rows.length === 0 ? [] : ['| | |', '|---|---|', ...rows, ''];
}

function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
  return begun.endsWith('.') ? begun : `${begun}.`;
}
