import { UnreadableFile } from './reading.js';

const DEEPEST_REFERENCE = 10;

/** Sections with their options. Names of options are in lower case, and `DEFAULT` is part of every section. */
export class IniFile {
  readonly #sections: ReadonlyMap<string, ReadonlyMap<string, string>>;

  constructor(sections: ReadonlyMap<string, ReadonlyMap<string, string>>) {
    this.#sections = sections;
  }

  has(section: string): boolean {
    return this.#sections.has(section);
  }

  /** Names of sections, each with the names of its options. */
  names(): [section: string, options: string[]][] {
    return [...this.#sections].map(([name, options]) => [name, [...options.keys()]]);
  }

  /** The value with its references filled in. Throws an `UnreadableFile` when they cannot be: only who asks for it learns of that. */
  get(section: string, option: string): string | undefined {
    const options = this.#sections.get(section);
    return options?.has(option) === true ? valueOf(options, option, 0) : undefined;
  }
}

interface Place {
  section: Map<string, string>;
  /** Null right below the heading of a section. */
  option: string | null;
  /** How far the last heading or option was indented: what stands deeper continues it. */
  indent: number;
}

interface Sections {
  defaults: Map<string, string>;
  named: Map<string, Map<string, string>>;
}

/** Reads INI text as Python's `configparser` does. Throws an `UnreadableFile` with the line at fault. */
export function readIni(text: string): IniFile {
  const sections: Sections = { defaults: new Map(), named: new Map() };
  let place: Place | null = null;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const bare = line.trim();
    if (bare.startsWith('#') || bare.startsWith(';')) continue;
    const indent = line.length - line.trimStart().length;
    if (place !== null && place.option !== null && (bare === '' || indent > place.indent))
      continueValue(place.section, place.option, bare);
    else if (bare !== '') place = readLine(bare, place, { sections, indent, number: index + 1 });
  }
  const whole = [...sections.named].map(([name, own]) => [name, new Map([...sections.defaults, ...own])] as const);
  return new IniFile(new Map(whole));
}

function continueValue(section: Map<string, string>, option: string, text: string): void {
  section.set(option, `${section.get(option) ?? ''}\n${text}`);
}

function readLine(
  line: string,
  place: Place | null,
  { sections, indent, number }: { sections: Sections; indent: number; number: number },
): Place {
  const header = /^\[([^\]]+)\]/.exec(line)?.[1];
  if (header !== undefined) return { section: sectionNamed(header, sections, number), option: null, indent };
  if (place === null) throw new UnreadableFile(`line ${number} stands before the first [section]`);
  return { section: place.section, option: readOption(line, place.section, number), indent };
}

function sectionNamed(name: string, { defaults, named }: Sections, line: number): Map<string, string> {
  if (name === 'DEFAULT') return defaults;
  if (named.has(name)) throw new UnreadableFile(`line ${line} begins a section a second time`);
  const made = new Map<string, string>();
  named.set(name, made);
  return made;
}

/** The first `=` or `:` separates, whatever stands behind it. What is at fault is not shown: it may be a secret. */
function readOption(line: string, section: Map<string, string>, number: number): string {
  const at = line.search(/[=:]/);
  if (at <= 0) throw new UnreadableFile(`line ${number} is no "name = value"`);
  const option = line.slice(0, at).trim().toLowerCase();
  if (section.has(option)) throw new UnreadableFile(`line ${number} names an option of its section a second time`);
  section.set(option, line.slice(at + 1).trim());
  return option;
}

/** `%%` is a percent sign, `%(name)s` another option; every other `%` is an error. */
function valueOf(section: ReadonlyMap<string, string>, name: string, depth: number): string {
  if (depth > DEEPEST_REFERENCE) throw new UnreadableFile(`"${name}" refers to itself`);
  const written = (section.get(name) ?? '').trimEnd();
  return written.replaceAll(/%(%|\(([^)]*)\)s)?/g, (_whole, form?: string, other?: string) => {
    if (form === '%') return '%';
    const reference = other?.toLowerCase();
    if (reference === undefined) throw new UnreadableFile(`"${name}" holds a % that is neither %% nor %(name)s`);
    if (!section.has(reference)) throw new UnreadableFile(`"${name}" refers to an option that is not there`);
    return valueOf(section, reference, depth + 1);
  });
}
