import type { ListedCommand } from './command-tree.js';

/** For bash: `source <(keyporter completion bash)`. */
export function bashCompletion(commands: readonly ListedCommand[]): string {
  const cases = commands.map(
    (command) => `    ${quoted(command.words.join(' '))}) candidates=${quoted(candidates(command).join(' '))} ;;`,
  );
  return `_keyporter() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= candidates= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="$path\${path:+ }$word" ;; esac
  done
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
    const options = command.options.map(
      ({ flag, summary }) => `complete -c keyporter ${condition} -l ${flag.slice(2)} -d ${quoted(summary)}`,
    );
    return [...names, ...options];
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

function candidates({ next, options }: ListedCommand): string[] {
  return [...next.map(({ name }) => name), ...options.map(({ flag }) => flag)];
}

/** A word for all three shells; our own texts hold no quote but this one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
