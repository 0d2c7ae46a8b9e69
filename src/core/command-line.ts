import { nearest } from './nearest.js';

/** What stands in for a value that is known only when a process starts. */
export const PLACEHOLDERS = ['port', 'index', 'api_key', 'key_file'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

export type SplitCommand = { words: string[]; fault?: undefined } | { fault: string };

/** Words that would do something in a shell. Without one they would reach the program as text, which nobody means. */
const SHELL_WORDS = /^(\|\|?|&&?|;|[0-9]*[<>]{1,2}(&[0-9])?)$/;
const SHELL_BEGINNINGS = /^(\$[A-Za-z_({]|~(\/|$)|`)/;

/**
 * Splits a command as a POSIX shell splits words: blanks separate, single and double quotes and the
 * backslash keep together. Nothing else has a meaning. The fault is a predicate that never repeats the text.
 */
export function splitCommand(text: string): SplitCommand {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const word = firstWord(rest);
    if (word.fault !== undefined) return word;
    const bare = rest.slice(0, word.length);
    if (SHELL_WORDS.test(bare))
      return { fault: `holds \`${bare}\`, which only a shell understands; quote it, or set \`shell: true\`` };
    if (SHELL_BEGINNINGS.test(bare))
      return {
        fault: 'holds a word that only a shell fills in (`$`, `~` or a backtick); write it out, or set `shell: true`',
      };
    words.push(word.text);
    rest = rest.slice(word.length).trimStart();
  }
  if (words.length === 0) return { fault: 'must name a program' };
  if (/^[A-Za-z_]\w*=/.test(words[0] ?? '')) return { fault: 'must begin with a program; put variables under `env`' };
  return { words };
}

/** The first word of a text that begins with one, and how much of the text it takes. */
function firstWord(text: string): { text: string; length: number; fault?: undefined } | { fault: string } {
  let word = '';
  let at = 0;
  while (at < text.length && !/\s/.test(text.charAt(at))) {
    const piece = /^(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+))/.exec(text.slice(at));
    if (piece === null) return { fault: 'has a quote or backslash that does not end' };
    const [whole, single, double, escaped, plain] = piece;
    word += single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '';
    at += whole.length;
  }
  return { text: word, length: at };
}

const PLACEHOLDER_FORM = /\{([a-z][a-z_]*)\}/g;

/** The placeholders a text holds, and as a predicate what is wrong with the first unknown one. */
export function placeholdersOf(text: string): { used: ReadonlySet<Placeholder>; fault: string | null } {
  const names = [...text.matchAll(PLACEHOLDER_FORM)].map(([, name = '']) => name);
  const used = new Set(PLACEHOLDERS.filter((known) => names.includes(known)));
  const unknown = names.find((name) => !PLACEHOLDERS.some((known) => known === name));
  if (unknown === undefined) return { used, fault: null };
  const meant = nearest(unknown, PLACEHOLDERS);
  const hint =
    meant === null ? `known are ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}` : `did you mean {${meant}}?`;
  return { used, fault: `holds {${unknown}}, which stands for nothing; ${hint}` };
}

/** The text with its placeholders filled in. */
export function fillPlaceholders(text: string, values: Readonly<Record<Placeholder, string>>): string {
  return text.replaceAll(PLACEHOLDER_FORM, (whole, name: string) =>
    PLACEHOLDERS.reduce((found, known) => (known === name ? values[known] : found), whole),
  );
}
