/** A reference of the original to its environment. */
const ENVIRONMENT = /\$\{env\.([A-Za-z_]\w*)\}/g;

/** The port that `proxy` names, where the command writes it, becomes a port of the process's own. Null when there is none. */
export function withOwnPort(command: string, proxy: unknown): string | null {
  if (command.includes('{port}')) return command;
  const port = typeof proxy === 'string' && URL.canParse(proxy) ? new URL(proxy).port : '';
  if (port === '') return null;
  const own = command.replace(new RegExp(String.raw`(?<=^|\s)(--?p(?:ort)?[ =]+)${port}(?=\s|$)`), '$1{port}');
  return own === command ? null : own;
}

/** `\${PORT}` becomes the port of the process; lines that end in a backslash are one. Null when a macro is unknown. */
export function expandedCommand(cmd: string, macros: Readonly<Record<string, unknown>>): string | null {
  const lines = cmd.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  let text = lines.join('\n').replaceAll(/\\\n/g, ' ').replaceAll('\n', ' ').trim();
  for (let round = 0; round < 10 && /\$\{[\w-]+\}/.test(text); round++) {
    text = text.replaceAll(/\$\{([\w-]+)\}/g, (whole, name: string) => {
      if (name === 'PORT') return '{port}';
      const value = macros[name];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
    });
  }
  const rest = text.replaceAll('{port}', '').replaceAll(ENVIRONMENT, '');
  return /\$\{/.test(rest) || /\{[a-z][a-z_]*\}/.test(rest) ? null : text.replaceAll(ENVIRONMENT, '${$1}');
}
