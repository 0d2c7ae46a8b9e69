import { UnreadableFile } from './reading.js';

/** Sections with their options. Names of options are in lower case, and `DEFAULT` is part of every section. */
export type IniFile = ReadonlyMap<string, ReadonlyMap<string, string>>;

const DEEPEST_REFERENCE = 10;

interface Open {
  section: Map<string, string>;
  option: string | null;
}

/** Reads INI text as Python's `configparser` does. Throws an `UnreadableFile` with the line at fault. */
export function readIni(text: string): IniFile {
  const defaults = new Map<string, string>();
  const sections = new Map<string, Map<string, string>>();
  let open: Open | null = null;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const bare = line.trim();
    if (bare === '' || bare.startsWith('#') || bare.startsWith(';')) continue;
    if (/^\s/.test(line) && open?.option != null) {
      continueValue(open.section, open.option, bare);
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(bare)?.[1];
    if (header !== undefined)
      open = { section: sectionNamed(header, { defaults, sections, line: index + 1 }), option: null };
    else open = readOption(bare, open, index + 1);
  }
  return new Map([...sections].map(([name, own]) => [name, interpolated(new Map([...defaults, ...own]))]));
}

function continueValue(section: Map<string, string>, option: string, text: string): void {
  section.set(option, `${section.get(option) ?? ''}\n${text}`);
}

function sectionNamed(
  name: string,
  {
    defaults,
    sections,
    line,
  }: { defaults: Map<string, string>; sections: Map<string, Map<string, string>>; line: number },
): Map<string, string> {
  if (name === 'DEFAULT') return defaults;
  if (sections.has(name)) throw new UnreadableFile(`line ${line} begins the section [${name}] a second time`);
  const made = new Map<string, string>();
  sections.set(name, made);
  return made;
}

/** The first `=` or `:` separates, whatever stands behind it. */
function readOption(line: string, open: Open | null, number: number): Open {
  if (open === null) throw new UnreadableFile(`line ${number} stands before the first [section]`);
  const at = line.search(/[=:]/);
  if (at <= 0) throw new UnreadableFile(`line ${number} is no "name = value"`);
  const option = line.slice(0, at).trim().toLowerCase();
  if (open.section.has(option)) throw new UnreadableFile(`line ${number} names "${option}" a second time`);
  open.section.set(option, line.slice(at + 1).trim());
  return { section: open.section, option };
}

function interpolated(section: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...section.keys()].map((name) => [name, valueOf(section, name, 0)]));
}

/** `%%` is a percent sign, `%(name)s` another option; every other `%` is an error. */
function valueOf(section: ReadonlyMap<string, string>, name: string, depth: number): string {
  if (depth > DEEPEST_REFERENCE) throw new UnreadableFile(`"${name}" refers to itself`);
  return (section.get(name) ?? '').replaceAll(/%(%|\(([^)]*)\)s)?/g, (_whole, form?: string, other?: string) => {
    if (form === '%') return '%';
    const reference = other?.toLowerCase();
    if (reference === undefined) throw new UnreadableFile(`"${name}" holds a % that is neither %% nor %(name)s`);
    if (!section.has(reference)) throw new UnreadableFile(`"${name}" refers to an option that is not there`);
    return valueOf(section, reference, depth + 1);
  });
}
