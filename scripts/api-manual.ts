import { describeApi } from '../src/admin/openapi.js';
import { adminOperations, ownOperations } from '../src/admin/operations.js';

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  additionalProperties?: Schema | boolean;
  description?: string;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
}

interface Described {
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

interface Document {
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Schema> };
}

type Schemas = Readonly<Record<string, Schema>>;

const PREFACE = `# Admin API

Everything the command line can do, a program can do over HTTP. The routes are under \`/admin/v1\` on listeners with \`serve: [admin]\`, and
on the socket of the machine itself; \`/me\` is on listeners with \`serve: [api]\`. \`keyporter openapi\` prints the same as OpenAPI 3.1, and
so does \`GET /admin/v1/openapi.json\`.

- The key is sent as \`Authorization: Bearer\` and needs the scope that stands at the route. Over the socket none is needed.
- Bodies are JSON; unknown members are refused. Times (\`*_at\`) are Unix seconds.
- Lists are pages: \`{"data": [...], "next": ...}\`. Send \`next\` as \`after\` for the page behind.
- A POST with an \`Idempotency-Key\` is done once: repeated, it gets the first answer again.
- A refusal is \`application/problem+json\` with \`code\`, \`detail\` and \`request_id\` ([errors](errors.md)).`;

/** The page about every route of the admin API, from the schemas that also check requests. */
export function apiManual(generated: string): string {
  const { paths, components } = describeApi([...adminOperations, ...ownOperations], '') as Document;
  const schemas = components?.schemas ?? {};
  const sorted = Object.entries(paths).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const routes = sorted.flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, described]) =>
      route(`${method.toUpperCase()} ${path}`, described, schemas),
    ),
  );
  return [generated, '', PREFACE, '', ...routes].join('\n');
}

function route(name: string, described: Described, schemas: Schemas): string[] {
  const body = described.requestBody?.content['application/json']?.schema;
  const [status, answer] = Object.entries(described.responses).find(([code]) => code !== 'default') ?? ['', {}];
  const parts = [
    ...(described.parameters ?? []).map((one) => parameterRow(one, schemas)),
    ...(body === undefined ? [] : memberRows(body, schemas)),
  ];
  return [
    `## ${name}`,
    '',
    [described.summary, described.description]
      .filter((text) => text !== undefined && text !== '')
      .map(sentence)
      .join(' '),
    '',
    ...(parts.length === 0 ? [] : ['| Asked for | Where | Type | Meaning |', '|---|---|---|---|', ...parts, '']),
    `Answer: ${status}${answerOf(answer, schemas)}`,
    '',
  ];
}

function answerOf(answer: Described['responses'][string], schemas: Schemas): string {
  const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
  if (type === undefined || content === undefined) return ', no body.';
  if (type !== 'application/json') return `, \`${type}\`.`;
  const members = Object.keys(followed(content.schema, schemas).properties ?? {});
  return members.length === 0 ? '.' : ` with ${members.map((name) => `\`${name}\``).join(', ')}.`;
}

function parameterRow({ name, in: where, required, schema, description }: Parameter, schemas: Schemas): string {
  const need = required === true && where !== 'path' ? ', required' : '';
  return row([`\`${name}\``, `${where}${need}`, typeOf(schema, schemas), description ?? schema.description ?? '']);
}

function memberRows(schema: Schema, schemas: Schemas): string[] {
  const { properties = {}, required = [] } = followed(schema, schemas);
  return Object.entries(properties).map(([name, member]) => {
    const where = required.includes(name) ? 'body, required' : 'body';
    return row([`\`${name}\``, where, typeOf(member, schemas), followed(member, schemas).description ?? '']);
  });
}

/** A type in words: `text`, `list: text`, `text or null`. */
function typeOf(schema: Schema, schemas: Schemas): string {
  const one = followed(schema, schemas);
  const either = one.anyOf ?? one.oneOf;
  if (either !== undefined) return [...new Set(either.map((form) => typeOf(form, schemas)))].join(' or ');
  if (one.const !== undefined) return `\`${JSON.stringify(one.const)}\``;
  if (one.enum !== undefined) return `one of ${one.enum.map((value) => `\`${String(value)}\``).join(', ')}`;
  if (one.items !== undefined) return `list: ${typeOf(one.items, schemas)}`;
  return [one.type ?? 'any'].flat().map(typeInWords).join(' or ');
}

function typeInWords(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: '`true` or `false`',
    array: 'list',
    object: 'map',
  };
  return words[type] ?? type;
}

/** The schema itself: references followed, and what is put together of several as one. */
function followed(schema: Schema, schemas: Schemas): Schema {
  const target = schema.$ref?.replace('#/components/schemas/', '');
  if (target !== undefined) return followed(schemas[target] ?? {}, schemas);
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map((part) => followed(part, schemas));
  return {
    ...schema,
    properties: Object.assign({}, ...parts.map(({ properties }) => properties), schema.properties) as Record<
      string,
      Schema
    >,
    required: [...parts, schema].flatMap(({ required = [] }) => required),
  };
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function sentence(text: string | undefined): string {
  const given = text ?? '';
  return given.endsWith('.') ? given : `${given}.`;
}
