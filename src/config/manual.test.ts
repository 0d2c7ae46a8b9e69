import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { configJsonSchema } from './json-schema.js';
import { loadConfig } from './load.js';
import { elementOf, look, membersOf, type Member } from './look.js';
import { configurationManual } from './manual.js';
import { configSchema } from './schema.js';

interface Documented {
  path: string;
  member: Member;
}

/** Every member of the schema, at any depth. */
function allMembers(core: z.ZodType, path = ''): Documented[] {
  const members = membersOf(core);
  if (members !== null) {
    return Object.entries(members).flatMap(([name, schema]) => {
      const member = look(schema);
      const here = path === '' ? name : `${path}.${name}`;
      return [{ path: here, member }, ...allMembers(member.core, here)];
    });
  }
  const element = elementOf(core);
  return element === null
    ? []
    : allMembers(look(element).core, core instanceof z.ZodArray ? `${path}[]` : `${path}.<name>`);
}

const MEMBERS = allMembers(configSchema);

describe('the manual', () => {
  const manual = configurationManual();

  it('is about more than a hundred members', () => {
    expect(MEMBERS.length).toBeGreaterThan(100);
  });

  it('has every member with its meaning', () => {
    const missing = MEMBERS.filter(({ path, member }) => {
      const place = path.includes('.')
        ? manual.indexOf(`| \`${path}\` | ${member.notes.description ?? '?'}`)
        : manual.indexOf(`### ${path}\n\n${member.notes.description ?? '?'}`);
      return place === -1;
    });
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it('gives every value a type, a default and an example', () => {
    const rows = manual.split('\n').filter((line) => line.startsWith('| `'));
    const cells = rows
      .filter((line) => /^\| `[a-z]/.test(line))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
    for (const [, name, meaning, type, fallback, example] of cells) {
      expect([
        name,
        meaning !== '',
        type !== '',
        fallback !== '',
        example !== '' || type?.startsWith('map') === true,
      ]).toEqual([name, true, true, true, true]);
    }
  });

  it('marks exactly what is refused as not yet available', async () => {
    for (const { path, member } of MEMBERS.filter((documented) => /^[a-z_]+$/.test(documented.path))) {
      const outcome = await loadConfig({ text: JSON.stringify({ [path]: 'a value nobody wants' }), env: {}, cwd: '/' });
      const refusedAsLater = !outcome.ok && outcome.faults.some(({ message }) => message.includes('not yet available'));
      expect([path, refusedAsLater]).toEqual([path, member.notes.notYet !== undefined]);
    }
  });
});

describe('every documented member', () => {
  const withExample = MEMBERS.filter(({ path }) => !path.includes('[]') && !path.includes('<name>'));

  it.each(withExample.map(({ path, member }) => [path, member] as const))(
    '%s is taken with its example, or refused as not yet available',
    async (path, member) => {
      const usual = membersOf(member.core) === null ? member.fallback : {};
      const [example = usual ?? null] = member.notes.examples ?? [];
      const value = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), example);
      const outcome = await loadConfig({ text: JSON.stringify(value), env: { VLLM_KEY: 'x' }, cwd: '/' });
      const told = outcome.ok ? [] : outcome.faults.map(({ message }) => message);
      expect(told.filter((message) => !/not yet available|does not exist|needs `/.test(message))).toEqual([]);
    },
  );
});

describe('the JSON Schema', () => {
  const schema = configJsonSchema();
  const judge = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

  it('takes a good file, placeholders for numbers and switches included', () => {
    const file = {
      listeners: [{ listen: '127.0.0.1:5390', serve: ['api', 'admin'], tls: null }],
      server: { max_connections: '${MAX}' },
      identity_headers: '${ON}',
      auth: { failures_per_minute: null },
      models: {
        qwen3: { replicas: [{ url: 'http://10.0.0.5:8000', api_key: '${VLLM_KEY}' }] },
        '*': { replicas: [{ url: 'http://127.0.0.1:1' }] },
      },
    };
    expect(judge.safeParse(file).error?.issues ?? []).toEqual([]);
  });

  it.each([
    [{ listn: 1 }],
    [{ server: { drain_seconds: 0 } }],
    [{ models: { a: { replicas: 'one' } } }],
    [{ logging: { level: 'loud' } }],
    [{ server: { max_connections: 'many' } }],
  ])('refuses %j', (file) => {
    expect(judge.safeParse(file).success).toBe(false);
  });

  it('names its draft and holds no notes of our own', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('"$schema":"http://json-schema.org/draft-07/schema#"');
    expect(text).not.toMatch(/"(notYet|notYetValues|kind)":/);
  });
});
