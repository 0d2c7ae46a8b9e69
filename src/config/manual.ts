import * as z from 'zod';
import { elementOf, look, membersOf, type Member } from './look.js';
import { MANUAL_PREFACE } from './manual-preface.js';
import { configSchema } from './schema.js';

/** `docs/configuration.md`: every member with meaning, type, bounds, default and example, from the schema that judges them. */
export function configurationManual(): string {
  const members = Object.entries(membersOf(configSchema) ?? {});
  const contents = members.map(([name]) => `[${name}](#${name})`).join(' · ');
  return `${[MANUAL_PREFACE, `## Members\n\n${contents}`, ...members.map(([name, schema]) => chapter(name, schema))].join('\n\n')}\n`;
}

/** The part about one top-level member and everything under it. */
function chapter(name: string, schema: z.ZodType): string {
  const member = look(schema);
  const inner = rowsUnder(name, member);
  const parts = [`### ${name}`, meaningOf(member)];
  const facts = inner.length === 0 || elementOf(member.core) !== null ? factsOf(name, member) : '';
  if (facts !== '') parts.push(facts);
  if (inner.length > 0)
    parts.push(
      [
        row(['Member', 'Meaning', 'Type', 'Default', 'Example']),
        row(['---', '---', '---', '---', '---']),
        ...inner,
      ].join('\n'),
    );
  return parts.join('\n\n');
}

function factsOf(name: string, member: Member): string {
  const facts = [`Type: ${typeOf(member)}.`, `Default: ${defaultOf(member)}.`];
  const example = exampleOf(name, member);
  return [...facts, example === '' ? '' : `Example: ${example}.`].filter((fact) => fact !== '').join(' ');
}

/** A row for every member under a path, in the order of the schema. */
function rowsUnder(path: string, { core }: Member): string[] {
  const own = membersOf(core);
  const element = elementOf(core);
  if (own !== null) return Object.entries(own).flatMap(([name, schema]) => memberRows(`${path}.${name}`, schema));
  if (element === null) return [];
  return rowsUnder(core instanceof z.ZodArray ? `${path}[]` : `${path}.<name>`, look(element));
}

function memberRows(path: string, schema: z.ZodType): string[] {
  const member = look(schema);
  const name = path.slice(path.lastIndexOf('.') + 1);
  const cells = [`\`${path}\``, meaningOf(member), typeOf(member), defaultOf(member), exampleOf(name, member)];
  return [row(cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n\n', ' '))), ...rowsUnder(path, member)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function meaningOf({ core, notes }: Member): string {
  const element = elementOf(core);
  const words = { ...(element === null ? {} : look(element).notes.notYetValues), ...notes.notYetValues };
  const lines = [notes.description ?? ''];
  if (notes.notYet !== undefined)
    lines.push(`**Not yet available in this version**; a later one will ${notes.notYet}.`);
  for (const [word, what] of Object.entries(words))
    lines.push(`\`${word}\`: **not yet available in this version**; a later one will ${what}.`);
  return lines.filter((line) => line !== '').join('\n\n');
}

function typeOf({ core, nullable, notes }: Member): string {
  const type = plainType(core, notes.kind);
  return nullable ? `${type}, or \`null\`` : type;
}

function plainType(core: z.ZodType, kind?: string): string {
  if (kind !== undefined && !(core instanceof z.ZodNumber)) return kind;
  if (core instanceof z.ZodEnum) return `one of ${core.options.map((word) => `\`${String(word)}\``).join(', ')}`;
  if (core instanceof z.ZodBoolean) return '`true` or `false`';
  if (core instanceof z.ZodNumber)
    return core.format === null ? 'number' : `${kind ?? 'whole number'}, ${core.minValue} to ${core.maxValue}`;
  if (core instanceof z.ZodString) return 'text';
  if (membersOf(core) !== null) return 'map';
  const element = elementOf(core);
  return element === null
    ? 'any value'
    : `${core instanceof z.ZodArray ? 'list' : 'map from names'}: ${elementType(look(element))}`;
}

function defaultOf({ core, fallback, optional }: Member): string {
  if (fallback !== undefined) return code(inYaml(fallback));
  if (!optional) return 'must be given';
  return membersOf(core) === null ? 'left out' : 'its members';
}

function exampleOf(name: string, { core, fallback, notes }: Member): string {
  const usual = membersOf(core) === null && fallback !== null ? fallback : undefined;
  const example = notes.examples?.[0] ?? usual ?? (core instanceof z.ZodEnum ? core.options[0] : undefined);
  return example === undefined ? '' : code(`${name}: ${inYaml(example)}`);
}

function code(text: string): string {
  return `\`${text}\``;
}

/** One line of YAML in flow style. */
function inYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inYaml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${name}: ${inYaml(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return typeof value === 'string' && !isPlainText(value) ? JSON.stringify(value) : String(value);
}

/** Text that YAML reads as the same text without quotes. */
function isPlainText(text: string): boolean {
  return /^[A-Za-z/][A-Za-z0-9_./:@-]*$/.test(text) && !text.endsWith(':');
}

function elementType({ core, notes }: Member): string {
  return plainType(core, notes.kind);
}
