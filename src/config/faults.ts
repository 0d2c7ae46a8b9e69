/** Members and list positions that lead to a value. */
export type Path = readonly (string | number)[];

/** Something wrong in the configuration, for whoever wrote it. Never holds a value that may be secret. */
export interface Fault {
  /** Null when it is not in a file (a flag, the environment). */
  file: string | null;
  /** Counted from 1. */
  line: number | null;
  /** Counted from 1. */
  column: number | null;
  /** Such as `models.qwen3.replicas[0].url`; empty for the file as a whole. */
  path: string;
  message: string;
}

/** A fault before its place in the file is known. */
export interface Finding {
  path: Path;
  /** What the value must be or is, to stand behind its path: "must be true or false". */
  message: string;
  /** True when the message is a sentence without the path. */
  standsAlone?: boolean;
}

/** An entry that was taken out of a list before the rest was looked at. */
export interface Removal {
  list: Path;
  index: number;
}

/** One line a fault, as compilers write them, so that editors find the place. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(formatFault).join('\n');
}

function formatFault({ file, line, column, message }: Fault): string {
  const place = [file, line, column].filter((part) => part !== null).join(':');
  return place === '' ? message : `${place}: ${message}`;
}

/** The path as people write it. Names that are not plain words are quoted and cut. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(step) ? step : quoted(step);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

const LONGEST_SHOWN = 80;

function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}...` : name);
}

/** Whether `path` is `prefix` or lies under it. */
export function isUnder(path: Path, prefix: Path): boolean {
  return prefix.every((step, index) => path[index] === step);
}
