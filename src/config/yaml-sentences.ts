import type { ErrorCode } from 'yaml';

/** Our own words for what is wrong with YAML: the parser's may repeat a piece of the file, which may be a secret. */
const SENTENCES: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (`*name`) can have no anchor or tag of its own',
  BAD_ALIAS: 'an alias (`*name`) names no anchor (`&name`) before it, or leads to too many values',
  BAD_DIRECTIVE: 'a line that begins with `%` is not a directive YAML knows',
  BAD_DQ_ESCAPE:
    'a text in double quotes has a `\\` escape that YAML does not know; write `\\\\` for a backslash or use single quotes',
  BAD_INDENT: 'the indentation does not fit the lines above, or a bracket is not closed',
  BAD_SCALAR_START: 'a value begins with a character that YAML reserves; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a member begins in a place where none can stand; is there a second `:` in the line?',
  BLOCK_IN_FLOW: 'an indented list or map cannot stand inside `[ ]` or `{ }`',
  DUPLICATE_KEY: 'a member is named twice',
  KEY_OVER_1024_CHARS: 'the name of a member is longer than 1024 characters',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'the name of a member must stand in one line; is a `:` missing?',
  MULTIPLE_DOCS: 'the file holds more than one YAML document; keep one, without `---` between parts',
  NON_STRING_KEY: 'a member must be named by plain text',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply to be read',
  TAB_AS_INDENT: 'a tab is used for indentation; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (`!name`) is not known here; leave it out',
  UNEXPECTED_TOKEN: 'this is not YAML; is an indentation, a quote or a `:` wrong?',
};

export function sentenceFor(code: ErrorCode): string {
  return SENTENCES[code] ?? 'this is not valid YAML';
}
