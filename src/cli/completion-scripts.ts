import type { ListedCommand } from './command-tree.js';

/** For bash: `source <(keyporter completion bash)`. */
export function bashCompletion(commands: readonly ListedCommand[]): string {
  const cases = commands.map(
    (command) => `    ${quoted(command.words.join(' '))}) candidates=${quoted(candidates(command).join(' '))} ;;`,
  );
  return `_keyporter() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= candidates= word value=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # The word behind such an option is its value, and no part of the command.
    case $word in
      =) ;;
      ${valued(commands)}) value=yes ;;
      -*) value= ;;
      *) if [ -z "$value" ]; then path="$path\${path:+ }$word"; fi; value= ;;
    esac
  done
  if [ -n "$value" ]; then COMPREPLY=($(compgen -f -- "\${current#=}")); return; fi
  while :; do
    case "$path" in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
    # What follows the name of a command is an argument: complete for the command itself.
    if [ -n "$candidates" ] || [ -z "$path" ]; then break; fi
    case $path in *' '*) path=\${path% *} ;; *) path= ;; esac
  done
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _keyporter keyporter
`;
}

/** For zsh, on top of the one for bash. */
export function zshCompletion(commands: readonly ListedCommand[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashCompletion(commands)}`;
}

/** For fish: `keyporter completion fish > ~/.config/fish/completions/keyporter.fish`. */
export function fishCompletion(commands: readonly ListedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const condition = `-n ${quoted(fishCondition(command))}`;
    const names = command.next.map(
      ({ name, summary }) => `complete -c keyporter -f ${condition} -a ${quoted(name)} -d ${quoted(summary)}`,
    );
    const words = command.choices.map((word) => `complete -c keyporter -f ${condition} -a ${quoted(word)}`);
    const options = command.options.map(
      ({ flag, summary, takesValue }) =>
        `complete -c keyporter ${condition} -l ${flag.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`,
    );
    return [...names, ...words, ...options];
  });
  return `${lines.join('\n')}\n`;
}

/** True when the words typed so far are this command. */
function fishCondition({ words, next }: ListedCommand): string {
  if (words.length === 0) return '__fish_use_subcommand';
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const notYet = next.length === 0 ? [] : [`not __fish_seen_subcommand_from ${next.map(({ name }) => name).join(' ')}`];
  return [...seen, ...notYet].join('; and ');
}

/** Every long option that takes a value, as a pattern of `case`. Names mean the same in all commands. */
function valued(commands: readonly ListedCommand[]): string {
  const flags = commands.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Set(flags.map(({ flag }) => flag))].join(' | ');
}

function candidates({ next, choices, options }: ListedCommand): string[] {
  return [...choices, ...next.map(({ name }) => name), ...options.map(({ flag }) => flag)];
}

/** A word for all three shells; our own texts hold no quote but this one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
