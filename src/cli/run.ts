import { type Command, CommanderError } from 'commander';
import { type Failure, failureOf, misuse, problemOfFailure } from './failure.js';
import type { Io } from './io.js';
import { printable, styled } from './printable.js';
import { withPlainWords } from './program-compat.js';
import { buildProgram } from './program.js';

/**
 * Runs one command line (without the program's own name) and answers the exit code: 0 done,
 * 1 refused or failed, 2 wrong usage. Never throws.
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(io, (code) => (exitCode = code));
  try {
    await program.parseAsync(withPlainWords(asHelp(argv)), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(io, failureOf(error), argv);
    if (error.exitCode === 0) return 0;
    // Help that was shown because a command is missing has said all there is to say.
    if (error.code === 'commander.help') return 2;
    return report(io, misuse(wordsOf(error, program, argv)), argv);
  }
}

/** `help keys create` as `keys create --help`: commander's own takes one word. */
function asHelp(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' && argv.length > 2 ? [...argv.slice(1), '--help'] : argv;
}

/** What commander found wrong, and where the right way stands. Values it refuses come with a sentence of their own. */
function wordsOf({ message, code }: CommanderError, program: Command, argv: readonly string[]): string {
  const fault = message.replace(/^error: /, '').replaceAll('\n', ' ');
  if (code === 'commander.invalidArgument') return fault;
  return `${fault.replace(/\.$/, '')}. \`${nameOf(program, argv)} --help\` shows what there is.`;
}

/** The command that was meant, as far as its words are known. */
function nameOf(program: Command, argv: readonly string[]): string {
  let command = program;
  const words = [program.name()];
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) continue;
    command = next;
    words.push(word);
  }
  return words.join(' ');
}

function report(io: Io, failure: Failure, argv: readonly string[]): number {
  if (argv.includes('--json')) io.err(`${JSON.stringify(problemOfFailure(failure))}\n`);
  else io.err(`${styled(io, 'red', 'keyporter:')} ${failure.message.split('\n').map(printable).join('\n')}\n`);
  return failure.exitCode;
}
