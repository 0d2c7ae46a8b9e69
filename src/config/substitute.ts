import { readSecretFile } from './secret-file.js';
import { formatPath, type Finding, type Path } from './faults.js';
import { look, stepInto } from './look.js';
import * as z from 'zod';

export interface SubstitutionInput {
  env: Readonly<Record<string, string | undefined>>;
  /** What relative `${file:...}` paths are relative to. */
  directory: string;
  /** Tells where the schema wants a number or true/false. */
  schema: z.ZodType;
}

export interface Substituted {
  findings: Finding[];
  warnings: string[];
}

interface Spot {
  path: Path;
  text: string;
  put(value: unknown): void;
}

/**
 * Fills `${NAME}`, `${NAME:-default}` and `${file:/path}` into the texts of a tree, in place. It runs
 * after parsing, so what is filled in can never become a member, a list or a comment. `$${` stands
 * for `${` itself.
 */
export async function substitute(root: Record<string, unknown>, input: SubstitutionInput): Promise<Substituted> {
  const result: Substituted = { findings: [], warnings: [] };
  for (const spot of spotsIn(root)) {
    const filled = await fill(spot, input, result);
    if (filled === null) spot.put(undefined);
    else spot.put(isOnePlaceholder(spot.text) ? asWanted(filled, spot.path, input.schema) : filled);
  }
  return result;
}

/** Every text with a placeholder. */
function* spotsIn(node: unknown, path: Path = []): Generator<Spot> {
  if (typeof node !== 'object' || node === null) return;
  const entries: [string | number, unknown][] = Array.isArray(node) ? [...node.entries()] : Object.entries(node);
  for (const [step, value] of entries) {
    const here = [...path, step];
    if (typeof value !== 'string') yield* spotsIn(value, here);
    else if (value.includes('${'))
      yield {
        path: here,
        text: value,
        put: (filled) => void ((node as Record<string | number, unknown>)[step] = filled),
      };
  }
}

/** The text with everything filled in, or null after a fault. */
async function fill(spot: Spot, input: SubstitutionInput, result: Substituted): Promise<string | null> {
  let filled = '';
  let rest = spot.text;
  for (let at = rest.indexOf('${'); at !== -1; at = rest.indexOf('${')) {
    if (rest[at - 1] === '$') {
      filled += `${rest.slice(0, at - 1)}\${`;
      rest = rest.slice(at + 2);
      continue;
    }
    const end = rest.indexOf('}', at);
    const value =
      end === -1
        ? { fault: 'has a `${` that is never closed; write `$${` for the characters themselves' }
        : await valueOf(rest.slice(at + 2, end), input);
    if (value.fault !== undefined) {
      result.findings.push({ path: spot.path, message: value.fault });
      return null;
    }
    if (value.warning !== undefined) result.warnings.push(`\`${formatPath(spot.path)}\` ${value.warning}`);
    filled += rest.slice(0, at) + value.text;
    rest = rest.slice(end + 1);
  }
  return filled + rest;
}

type Value = { text: string; warning?: string; fault?: undefined } | { fault: string; warning?: undefined };

async function valueOf(inside: string, { env, directory }: SubstitutionInput): Promise<Value> {
  if (inside.startsWith('file:')) return readSecretFile(inside.slice('file:'.length), directory);
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(inside);
  if (match === null)
    return {
      fault:
        'has a placeholder that is none of `${NAME}`, `${NAME:-default}` and `${file:/path}`; write `$${` for the characters themselves',
    };
  const [, name = '', fallback] = match;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined) return { text: value === undefined || value === '' ? fallback : value };
  if (value === undefined)
    return {
      fault: `needs the environment variable \`${name}\`, which is not set; set it, or give a default as \`\${${name}:-default}\``,
    };
  return { text: value };
}

function isOnePlaceholder(text: string): boolean {
  return /^\$\{[^}]*\}$/.test(text);
}

/** A number or true/false where the schema wants one; else the text itself. */
function asWanted(text: string, path: Path, schema: z.ZodType): unknown {
  const core = coreAt(path, schema);
  if (core instanceof z.ZodNumber && /^-?(0|[1-9][0-9]{0,15})$/.test(text)) return Number(text);
  if (core instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function coreAt(path: Path, schema: z.ZodType): z.ZodType | null {
  let at: z.ZodType | null = schema;
  for (const step of path) at = at === null ? null : stepInto(at, step);
  return at === null ? null : look(at).core;
}
