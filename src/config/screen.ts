import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { nearest } from '../core/nearest.js';
import { formatPath, type Finding, type Path, type Removal } from './faults.js';
import { elementOf, look, membersOf, type Member } from './look.js';
import { notYetMessage } from './members.js';

/** What is left of a file for the schema to judge, and what was taken out of it. */
export interface Screened {
  value: unknown;
  findings: Finding[];
  warnings: string[];
  /** Maps that lost a member of a later version: what they lack now may have been in it. */
  reduced: Path[];
  /** Words taken out of lists, so that the places of those behind them are still known. */
  removals: Removal[];
}

const DROPPED = Symbol('dropped');

/**
 * Goes through the file along the schema before values are judged: names unknown members and their
 * nearest known name, refuses members and words of later versions, and drops sections that are
 * written without content.
 */
export function screen(root: unknown, schema: z.ZodType): Screened {
  const screener = new Screener();
  const value = screener.visit(root, schema, []);
  return {
    value: value === DROPPED ? {} : value,
    findings: screener.findings,
    warnings: screener.warnings,
    reduced: screener.reduced,
    removals: screener.removals,
  };
}

class Screener {
  readonly findings: Finding[] = [];
  readonly warnings: string[] = [];
  readonly reduced: Path[] = [];
  readonly removals: Removal[] = [];

  visit(value: unknown, schema: z.ZodType, path: Path): unknown {
    if (value === undefined) return undefined;
    const member = look(schema);
    if (member.notes.notYet !== undefined) return this.#laterMember(value, schema, path);
    if (value === null && !member.nullable && isCollection(member.core)) return DROPPED;
    if (typeof value === 'string') return this.#word(value, member, path);
    if (Array.isArray(value)) return this.#list(value, member, path);
    return isMap(value) ? this.#map(value, member, path) : value;
  }

  #laterMember(value: unknown, schema: z.ZodType, path: Path): typeof DROPPED {
    const what = look(schema).notes.notYet ?? '';
    if (!changesNothing(value, schema)) {
      this.findings.push({ path, message: notYetMessage(what) });
      this.reduced.push(path.slice(0, -1));
    } else if (!isNothing(value)) {
      this.warnings.push(`\`${formatPath(path)}\` has no effect in this version; a later one will ${what}.`);
    }
    return DROPPED;
  }

  #word(value: string, { notes }: Member, path: Path): unknown {
    const later = notes.notYetValues;
    if (later === undefined || !Object.hasOwn(later, value)) return value;
    this.findings.push({ path, message: `is \`${value}\`, which ${notYetMessage(later[value] ?? '')}` });
    return DROPPED;
  }

  #list(entries: readonly unknown[], { core }: Member, path: Path): unknown {
    const element = elementOf(core);
    if (element === null || !(core instanceof z.ZodArray)) return entries;
    const kept: unknown[] = [];
    for (const [index, entry] of entries.entries()) {
      const visited = entry === null ? null : this.visit(entry, element, [...path, index]);
      if (visited === DROPPED) this.removals.push({ list: path, index: kept.length });
      else kept.push(visited);
    }
    return kept.length === 0 && entries.length > 0 ? DROPPED : kept;
  }

  #map(map: Readonly<Record<string, unknown>>, { core }: Member, path: Path): unknown {
    const members = membersOf(core);
    const element = core instanceof z.ZodRecord ? elementOf(core) : null;
    if (members === null && element === null) return map;
    const kept = Object.create(null) as Record<string, unknown>;
    for (const [name, value] of Object.entries(map)) {
      const schema = element ?? (members !== null && Object.hasOwn(members, name) ? members[name] : undefined);
      const visited = this.#namedValue(value, schema, { name, path, members });
      if (visited !== DROPPED) kept[name] = visited;
    }
    return kept;
  }

  #namedValue(
    value: unknown,
    schema: z.ZodType | undefined,
    at: { name: string; path: Path; members: Readonly<Record<string, z.ZodType>> | null },
  ): unknown {
    const here = [...at.path, at.name];
    if (schema === undefined) {
      this.findings.push({
        path: here,
        message: unknownMember(at.name, at.path, Object.keys(at.members ?? {})),
        standsAlone: true,
      });
      return DROPPED;
    }
    if (at.name === '__proto__') {
      this.findings.push({ path: here, message: 'cannot be used as a name; choose another' });
      return DROPPED;
    }
    return this.visit(value, schema, here);
  }
}

/** Names listed when none is close. */
const MOST_LISTED = 30;

function unknownMember(name: string, path: Path, known: readonly string[]): string {
  const shown = formatPath([name]);
  const meant = nearest(name, known);
  const where = path.length === 0 ? '' : ` in \`${formatPath(path)}\``;
  const hint =
    meant === null
      ? `; known here: ${known.slice(0, MOST_LISTED).join(', ')}${known.length > MOST_LISTED ? ', ...' : ''}`
      : `; did you mean \`${meant}\`?`;
  return `unknown member \`${shown}\`${where}${hint}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCollection(core: z.ZodType): boolean {
  return core instanceof z.ZodObject || core instanceof z.ZodRecord || core instanceof z.ZodArray;
}

function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false;
}

/** Whether a member of a later version may be written like this: as if it were not there. */
function changesNothing(value: unknown, schema: z.ZodType): boolean {
  if (isNothing(value)) return true;
  const written = schema.safeParse(value);
  const leftOut = schema.safeParse(undefined);
  return written.success && leftOut.success && isDeepStrictEqual(plain(written.data), plain(leftOut.data));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}
