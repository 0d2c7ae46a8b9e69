import type { ImportedKey } from '../keys/key.js';

/** What became of one field of a foreign file. */
export type Verdict = 'taken' | 'approximated' | 'refused';

export interface FieldVerdict {
  field: string;
  verdict: Verdict;
  /** A clause for people. Never holds a secret. */
  why: string;
}

/** What one foreign file says, in our words. */
export interface Reading {
  /** What kind of file it is. */
  format: string;
  fields: readonly FieldVerdict[];
  keys: readonly ImportedKey[];
  /** Members of `keyporter.yaml`; null when the file holds none. */
  configuration: Record<string, unknown> | null;
  /** What to do after the import. */
  advice: readonly string[];
}

/** The end of the year 9999: no key ends later. */
export const LATEST_SECOND = 253_402_300_799;

/** What an import is told besides its files. */
export interface ImportOptions {
  /** Take the root token of an authkeys configuration. */
  root: boolean;
  /** Unix seconds. */
  now: number;
  /** Where values are looked for that a file names and does not hold. */
  env: Readonly<Record<string, string | undefined>>;
}

/** Why a file cannot be read at all, as a clause about the file. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/** Collects verdicts in the order in which they are found. */
export class Verdicts {
  readonly #fields: FieldVerdict[] = [];

  get fields(): readonly FieldVerdict[] {
    return this.#fields;
  }

  taken(field: string, why: string): void {
    this.#fields.push({ field, verdict: 'taken', why });
  }

  approximated(field: string, why: string): void {
    this.#fields.push({ field, verdict: 'approximated', why });
  }

  refused(field: string, why: string): void {
    this.#fields.push({ field, verdict: 'refused', why });
  }

  /** Members that no rule speaks of: each is named, so that nothing is lost silently. */
  refuseUnknown(members: Readonly<Record<string, unknown>>, known: readonly string[], under = ''): void {
    for (const name of Object.keys(members)) {
      if (!known.includes(name)) this.refused(under + name, 'Keyporter has nothing that corresponds to it');
    }
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member when it is an object, else an empty one. */
export function objectAt(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const member = value[name];
  return isObject(member) ? member : {};
}

/** A line of `many`, as in "3 keys". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
