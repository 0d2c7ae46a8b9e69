import * as z from 'zod';
import type { MemberNotes } from './look.js';
import { notYetMessage } from './members.js';
import { configSchema } from './schema.js';

/** JSON Schema (draft 7) of `keyporter.yaml`, for editors: what may be written, before defaults. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      sayNotYet(jsonSchema);
      allowPlaceholder(jsonSchema);
    },
  });
  return { ...schema, title: 'Keyporter configuration' };
}

type JsonSchema = Record<string, unknown>;

/** Turns our own notes into words an editor shows. */
function sayNotYet(schema: JsonSchema): void {
  const { description, notYet, notYetValues } = schema as JsonSchema & MemberNotes;
  const later = Object.entries(notYetValues ?? {}).map(([word, what]) => `\`${word}\` ${notYetMessage(what)}.`);
  const sentences = [description ?? '', notYet === undefined ? '' : `This ${notYetMessage(notYet)}.`, ...later];
  for (const note of OWN_NOTES) delete schema[note];
  const text = sentences.filter((sentence) => sentence !== '').join(' ');
  if (text !== '') schema.description = text;
}

const OWN_NOTES: readonly (keyof MemberNotes)[] = ['notYet', 'notYetValues', 'kind'];

/** Numbers and switches may also be written as one placeholder, which is filled in when the file is loaded. */
function allowPlaceholder(schema: JsonSchema): void {
  const { type } = schema;
  if (type !== 'integer' && type !== 'number' && type !== 'boolean') return;
  const value: JsonSchema = { type };
  for (const bound of ['minimum', 'maximum']) {
    if (bound in schema) value[bound] = schema[bound];
    delete schema[bound];
  }
  delete schema.type;
  schema.anyOf = [value, { type: 'string', pattern: '^\\$\\{[^}]*\\}$' }];
}
