import type { Command } from 'commander';

/** A command or group, as completion knows it. */
export interface ListedCommand {
  /** Words after the program's name; empty for the program itself. */
  words: string[];
  summary: string;
  /** Long options. */
  options: { flag: string; summary: string; takesValue: boolean }[];
  /** Words that can stand as its argument, where there are only so many. */
  choices: string[];
  /** What can follow: the names of commands under it. */
  next: { name: string; summary: string }[];
}

/** Every command that does something now, depth first. */
export function listCommands(command: Command, words: string[] = []): ListedCommand[] {
  const { visibleCommands, visibleOptions } = visible(command);
  const listed: ListedCommand = {
    words,
    summary: command.summary() || command.description(),
    options: visibleOptions.flatMap((option) =>
      option.long ? [{ flag: option.long, summary: option.description, takesValue: option.required }] : [],
    ),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    next: visibleCommands.map((sub) => ({ name: sub.name(), summary: sub.summary() || sub.description() })),
  };
  return [listed, ...visibleCommands.flatMap((sub) => listCommands(sub, [...words, sub.name()]))];
}

function visible(command: Command) {
  const help = command.createHelp();
  const visibleCommands = help
    .visibleCommands(command)
    .filter((sub) => sub.name() !== 'help' && !sub.summary().includes('(not yet in this version)'));
  return { visibleCommands, visibleOptions: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)] };
}
