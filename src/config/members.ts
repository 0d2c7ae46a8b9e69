import * as z from 'zod';
import { nearest } from '../core/nearest.js';
import { Secret } from '../core/secret.js';
import { isNetwork, parseHttpUrl } from './forms.js';

/**
 * The bricks of the schema. Each says in one sentence what its value must be; whatever is wrong with
 * the value (kind, form or bounds), that sentence is the message. Messages never repeat a value,
 * because it may have come from a secret.
 */

interface Told {
  input?: unknown;
}

/** The message of a member: `must be ...`, or that it is missing. */
export function told(sentence: string): { error: (issue: Told) => string } {
  return { error: (issue) => (issue.input === undefined ? 'is missing' : sentence) };
}

/** Text that passes `test`; `sentence` begins with "must". `kind` is what the manual calls it. */
export function textLike(test: (text: string) => boolean, sentence: string, kind?: string): z.ZodString {
  const form = told(sentence);
  const schema = z.string(form).refine(test, form);
  return kind === undefined ? schema : schema.meta({ kind });
}

/** One line of text without control characters, 1 to `longest` characters. */
export function text(longest = 1024): z.ZodString {
  return textLike(
    (value) => isLine(value, longest),
    `must be text of 1 to ${longest} characters in one line (put numbers in quotes)`,
  );
}

/** A file or directory. `~` is the shell's word for home and would be a plain name here. */
export function path(): z.ZodString {
  return textLike(
    (value) => isLine(value, 4096) && !/^~(\/|$)/.test(value),
    'must be a path in one line, written out in full (no ~)',
    'path',
  );
}

function isLine(value: string, longest: number): boolean {
  return value.length > 0 && value.length <= longest && !/\p{Cc}/u.test(value);
}

/** A whole number within bounds. `unit` in the plural, for the message. */
export function wholeNumber(least: number, most: number, unit = ''): z.ZodInt {
  const form = told(`must be a whole number from ${least} to ${most}${unit === '' ? '' : ` (${unit})`}`);
  const schema = z.int(form).min(least, form).max(most, form);
  return unit === '' ? schema : schema.meta({ kind: `whole number of ${unit}` });
}

export function flag(): z.ZodBoolean {
  return z.boolean(told('must be true or false'));
}

/**
 * One of some words. `later` holds words whose meaning comes in a later version, with what they will
 * do: they are known, listed in the manual, and refused as not yet available.
 */
export function choice<const Now extends string, const Later extends string = never>(
  words: readonly Now[],
  later?: Readonly<Record<Later, string>>,
): z.ZodEnum<{ [Word in Now | Later]: Word }> {
  const all = [...words, ...(Object.keys(later ?? {}) as Later[])];
  const error = (issue: Told): string => {
    if (issue.input === undefined) return 'is missing';
    if (typeof issue.input === 'number') return `must be ${oneOf(words)}; put it in quotes`;
    const meant = typeof issue.input === 'string' ? nearest(issue.input, all) : null;
    return `must be ${oneOf(words)}${meant === null ? '' : `; did you mean \`${meant}\`?`}`;
  };
  const schema = z.enum(all, { error }) as z.ZodEnum<{ [Word in Now | Later]: Word }>;
  return later === undefined ? schema : schema.meta({ notYetValues: later });
}

function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return quoted.length === 1 ? (quoted[0] ?? '') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** A list. The same text twice is a mistake and refused. */
export function listOf<Element extends z.ZodType>(element: Element, least = 0, most = 1000): z.ZodArray<Element> {
  const size = least === 0 ? `at most ${most}` : `${least} to ${most}`;
  const form = told(`must be a list with ${size} entries`);
  return z
    .array(element, form)
    .min(least, form)
    .max(most, form)
    .superRefine((entries, context) => {
      const seen = new Set<unknown>();
      for (const [index, entry] of entries.entries()) {
        if (typeof entry === 'string' && seen.has(entry)) {
          context.addIssue({
            code: 'custom',
            path: [index],
            message: 'is named twice in its list',
            input: entry,
            continue: true,
          });
        }
        seen.add(entry);
      }
    });
}

/** A map with known members. */
export function group<Shape extends z.core.$ZodLooseShape>(members: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(members, told('must be a map of members, such as `{ name: value }`'));
}

/** A map with known members that may be left out as a whole: each member then has its default. */
export function section<Shape extends z.core.$ZodLooseShape>(members: Shape) {
  return z.prefault(group(members), {} as z.input<z.ZodObject<Shape, z.core.$strict>>);
}

/** A map from names the operator chooses to values of one kind. */
export function named<Value extends z.ZodType>(value: Value, most = 10_000) {
  const sentence = `must be a map of at most ${most} names, each 1 to 256 characters in one line`;
  return z
    .record(z.string(), value, told(sentence))
    .refine(
      (map) => Object.keys(map).length <= most && Object.keys(map).every((name) => isLine(name, 256)),
      told(sentence),
    )
    .default({});
}

/** A CIDR or a single address. */
export function network(): z.ZodString {
  return textLike(
    isNetwork,
    'must be a network such as 10.0.0.0/8 (nothing set behind the prefix) or a plain IP address',
    'network or address',
  );
}

/** A full http or https URL of anything but a model server. */
export function httpUrl(): z.ZodString {
  return textLike((value) => parseHttpUrl(value) !== null, 'must be a full http:// or https:// URL', 'URL');
}

/** A credential for somewhere else. Printable ASCII without spaces, because it travels in a header. */
export function secret() {
  return textLike(
    (value) => /^[\x21-\x7e]{1,4096}$/.test(value),
    'must be printable ASCII text without spaces (put numbers in quotes; write null for none)',
  ).transform((value) => new Secret(value));
}

/**
 * Marks a member whose feature comes in a later version. `what` says what it will do. Writing it with
 * a value that would change something is refused; taking this mark away opens the member.
 */
export function notYet<Schema extends z.ZodType>(schema: Schema, what: string): Schema {
  return schema.meta({ ...schema.meta(), notYet: what });
}

/** The message of every member and value that a later version brings. */
export function notYetMessage(what: string): string {
  return `is not yet available in this version; a later one will ${what}`;
}
