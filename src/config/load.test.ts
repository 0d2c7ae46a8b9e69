import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfigFile, loadConfig, type LoadedConfig, type LoadOptions } from './load.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kp-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function load(text: string, options: Partial<LoadOptions> = {}): Promise<LoadedConfig> {
  const outcome = await loadConfig({ text, env: {}, cwd: directory, ...options });
  if (!outcome.ok) throw new Error(outcome.faults.map(({ message }) => message).join('\n'));
  return outcome.loaded;
}

async function faults(text: string, options: Partial<LoadOptions> = {}): Promise<string[]> {
  const outcome = await loadConfig({ text, env: {}, cwd: directory, ...options });
  return outcome.ok ? [] : outcome.faults.map(({ line, message }) => `${line}: ${message}`);
}

describe('defaults', () => {
  it.each(['', '\n', '# nothing\n', '---\n', '{}', 'null', '\uFEFF', 'server:\nmodels:\nupstreams:\n'])(
    'hold for %j',
    async (text) => {
      const { config, warnings } = await load(text);
      expect(config.listeners).toEqual([
        {
          listen: '127.0.0.1:5390',
          serve: ['api', 'admin', 'metrics'],
          profile: 'openai',
          tls: null,
          verify_networks: [],
        },
      ]);
      expect(config.server).toEqual({
        max_body_bytes: 33_554_432,
        max_connections: 20_000,
        drain_seconds: 300,
        pre_stop_seconds: 0,
      });
      expect(config.auth).toMatchObject({ local_networks: [], local_scopes: ['infer'], failures_per_minute: 20 });
      expect(config.keys).toEqual({
        default_scopes: ['infer'],
        default_expires: null,
        max_lifetime: null,
        require: [],
        self_service: ['revoke'],
      });
      expect(config).toMatchObject({
        models: {},
        upstreams: [],
        unknown_model: 'refuse',
        database: 'sqlite',
        identity_headers: false,
      });
      expect(warnings).toEqual([]);
    },
  );

  it('hold without any file', async () => {
    const outcome = await loadConfig({ env: {}, cwd: directory });
    expect(outcome).toMatchObject({ ok: true, loaded: { file: null } });
  });
});

describe('what comes out', () => {
  it('is frozen to the last member', async () => {
    const { config } = await load('models: { a: { replicas: [{ url: http://10.0.0.1, api_key: abc }] } }');
    const values: unknown[] = [config];
    for (const value of values) {
      if (typeof value !== 'object' || value === null) continue;
      expect(Object.isFrozen(value)).toBe(true);
      values.push(...Object.values(value));
    }
  });

  it('finds no model that is not configured, not even constructor', async () => {
    const { config } = await load('models: { a: { replicas: [{ url: http://10.0.0.1 }] } }');
    expect(['constructor', 'toString', '__proto__'].map((name) => config.models[name])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('takes constructor as the name of a model', async () => {
    const { config } = await load('models: { constructor: { replicas: [{ url: http://10.0.0.1 }] } }');
    expect(Object.keys(config.models)).toEqual(['constructor']);
  });

  it('keeps names as they are written', async () => {
    const { config } = await load(
      'models: { 3.10: { replicas: [{ url: http://10.0.0.1 }] }, 0x1F: { replicas: [{ url: http://10.0.0.2 }] } }',
    );
    expect(Object.keys(config.models)).toEqual(['3.10', '0x1F']);
  });

  it.each([
    ['http://10.0.0.1:8000/v1', 'http://10.0.0.1:8000'],
    ['http://10.0.0.1:8000/', 'http://10.0.0.1:8000'],
    ['http://10.0.0.1:8000/v1/', 'http://10.0.0.1:8000'],
    ['http://10.0.0.1:8000/base/v1', 'http://10.0.0.1:8000/base'],
    ['HTTP://Engine.Example.com:80', 'http://engine.example.com'],
    ['http://[2001:db8::5]:8000/v1', 'http://[2001:db8::5]:8000'],
    ['https://api.example.com/v10', 'https://api.example.com/v10'],
  ])('has the base of %s', async (url, base) => {
    expect((await load(JSON.stringify({ upstreams: [{ url }] }))).config.upstreams[0]?.url).toBe(base);
  });

  it('repeats values through an alias', async () => {
    const { config } = await load('models:\n  a: { replicas: &r [{ url: http://10.0.0.1 }] }\n  b: { replicas: *r }');
    expect(config.models.b?.replicas[0]?.url).toBe('http://10.0.0.1');
  });
});

describe('listeners', () => {
  it.each([
    ['listen: 127.0.0.1:1', ['api', 'admin', 'metrics']],
    ['listen: "[::1]:1"', ['api', 'admin', 'metrics']],
    ['listen: 0.0.0.0:1', ['api']],
    ['listen: 0.0.0.0:1\nadmin: { allow_plain_http: true }', ['api', 'admin', 'metrics']],
    ['listeners: [{ listen: 127.0.0.1:1 }]', ['api']],
  ])('%s serves %j', async (text, serve) => {
    expect((await load(text)).config.listeners[0]?.serve).toEqual(serve);
  });

  it('have their own TLS, the shared one, or none', async () => {
    for (const name of ['a.pem', 'b.pem']) await writeFile(join(directory, name), 'pem', { mode: 0o600 });
    const text = `tls: { cert_file: a.pem, key_file: a.pem }
listeners:
  - { listen: 127.0.0.1:1 }
  - { listen: 127.0.0.1:2, tls: null }
  - { listen: 127.0.0.1:3, tls: { cert_file: b.pem, key_file: b.pem, min_version: "1.3" } }`;
    const { config } = await load(text);
    expect(config.listeners.map(({ tls }) => tls?.cert_file ?? null)).toEqual([
      join(directory, 'a.pem'),
      null,
      join(directory, 'b.pem'),
    ]);
  });

  it('of the command line stand in place of those of the file', async () => {
    const { config } = await load('listeners: [{ listen: 127.0.0.1:1 }]', {
      flags: { listen: '127.0.0.1:7', upstreams: ['http://10.0.0.2/v1'] },
    });
    expect(config.listeners.map(({ listen }) => listen)).toEqual(['127.0.0.1:7']);
    expect(config.upstreams.map(({ url }) => url)).toEqual(['http://10.0.0.2']);
  });

  it('of the command line are told by the name of the option when they are wrong', async () => {
    const outcome = await loadConfig({
      text: 'upstreams: [{ url: http://10.0.0.1 }]',
      env: {},
      cwd: directory,
      flags: { listen: 'x', upstreams: ['y'] },
    });
    expect(outcome.ok ? [] : outcome.faults.map(({ line, path }) => [line, path])).toEqual([
      [null, '--listen'],
      [null, '--upstream'],
    ]);
  });
});

describe('warnings', () => {
  it('name every weakening switch that is on', async () => {
    const { warnings } = await load(`listeners: [{ listen: 0.0.0.0:80, serve: [api, admin] }]
admin: { allow_plain_http: true }
auth: { local_networks: [10.0.0.0/8], failures_per_minute: null }
cors: { allow_origins: ["*"] }
keys: { default_scopes: [admin] }
upstreams: [{ url: http://10.0.0.1 }]
identity_headers: true
max_stale_seconds: 900`);
    const subjects = [
      'admin.allow_plain_http',
      'The listener on 0.0.0.0:80',
      'auth.local_networks',
      'auth.failures_per_minute',
      'cors.allow_origins',
      'keys.default_scopes',
      'identity_headers',
      '`max_stale_seconds` has no effect',
    ];
    expect(warnings.map((warning) => subjects.findIndex((subject) => warning.startsWith(subject)))).toEqual(
      subjects.map((_, index) => index),
    );
  });
});

describe('files', () => {
  it('are found in the order of the documents, and a named one is not passed over', async () => {
    const home = join(directory, 'home');
    const cwd = join(directory, 'cwd');
    const where = { env: {}, cwd, home };
    await mkdir(join(home, '.config/keyporter'), { recursive: true });
    await mkdir(cwd);
    const inHome = join(home, '.config/keyporter/keyporter.yaml');
    await writeFile(inHome, '');
    expect(await findConfigFile(where)).toBe(inHome);
    await writeFile(join(cwd, 'keyporter.yaml'), '');
    expect(await findConfigFile(where)).toBe(join(cwd, 'keyporter.yaml'));
    expect(await findConfigFile({ ...where, env: { KEYPORTER_CONFIG: 'gone.yaml' } })).toBe(join(cwd, 'gone.yaml'));
    expect(await findConfigFile({ ...where, flag: '/x.yaml', env: { KEYPORTER_CONFIG: 'gone.yaml' } })).toBe('/x.yaml');
  });

  it.each([
    ['a missing one', 'gone.yaml', 'it does not exist'],
    ['a directory', '.', 'it is not a regular file'],
    ['a device', '/dev/zero', 'it is not a regular file'],
    ['a link to itself', 'loop.yaml', 'its links lead in a circle'],
    ['one that is not UTF-8', 'latin1.yaml', 'it is not UTF-8 text'],
    ['one over 4 MiB', 'large.yaml', 'it is larger than 4194304 bytes'],
  ])('%s is a fault', async (_, file, why) => {
    await symlink(join(directory, 'loop.yaml'), join(directory, 'loop.yaml'));
    await writeFile(join(directory, 'latin1.yaml'), Buffer.from([0x23, 0xe9]));
    await writeFile(join(directory, 'large.yaml'), '#'.repeat(4_194_305));
    const outcome = await loadConfig({ file, env: {}, cwd: directory });
    expect(outcome.ok ? '' : outcome.faults[0]?.message).toBe(`the configuration file cannot be used: ${why}`);
  });

  it.each([' \n', 'null\n', '# listen: 127.0.0.1:1\n\n---\n~ # nothing\n'])(
    'that became empty are refused while a gateway runs: %j',
    async (text) => {
      expect(await faults(text, { reload: true })).toEqual([
        'null: the configuration file is empty; write it again, or restart to run with every default',
      ]);
      expect(await faults(text)).toEqual([]);
    },
  );

  it('that say something between empty lines are read while a gateway runs', async () => {
    expect(await faults('\n# first\n\nlisten: 127.0.0.1:1\n\n', { reload: true })).toEqual([]);
  });
});

describe('placeholders', () => {
  const env = {
    NAME: 'value',
    EMPTY: '',
    PORT: '77',
    YES: 'true',
    YAML: 'x\nadmin: { allow_plain_http: true }',
    NESTED: '${NAME}',
  };
  const host = async (text: string) =>
    (await load(JSON.stringify({ default_model: text }), { env })).config.default_model;

  it.each([
    ['${NAME}', 'value'],
    ['a-${NAME}-${NAME}-b', 'a-value-value-b'],
    ['${NAME:-other}', 'value'],
    ['${UNSET:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['x${UNSET:-}', 'x'],
    ['${UNSET:-a:-b}', 'a:-b'],
    ['$${NAME}', '${NAME}'],
    ['$${NAME}-${NAME}', '${NAME}-value'],
    ['$NAME $ {NAME}', '$NAME $ {NAME}'],
    ['${NESTED}', '${NAME}'],
    ['${PORT}', '77'],
  ])('%s becomes %s', async (text, expected) => {
    expect(await host(text)).toBe(expected);
  });

  it('become a number or a switch when they stand alone', async () => {
    const { config } = await load('server: { max_connections: "${PORT}" }\nidentity_headers: ${YES}', { env });
    expect([config.server.max_connections, config.identity_headers]).toEqual([77, true]);
  });

  it.each([
    [
      'default_model: ${UNSET}',
      '1: `default_model` needs the environment variable `UNSET`, which is not set; set it, or give a default as `${UNSET:-default}`',
    ],
    [
      'default_model: ${toString}',
      '1: `default_model` needs the environment variable `toString`, which is not set; set it, or give a default as `${toString:-default}`',
    ],
    [
      'default_model: "${NAME"',
      '1: `default_model` has a `${` that is never closed; write `$${` for the characters themselves',
    ],
    [
      'default_model: "${}"',
      '1: `default_model` has a placeholder that is none of `${NAME}`, `${NAME:-default}` and `${file:/path}`; write `$${` for the characters themselves',
    ],
    [
      'server: { max_connections: "1${PORT}" }',
      '1: `server.max_connections` must be a whole number from 1 to 1000000 (connections)',
    ],
    ['admin: { allow_plain_http: "${PORT}" }', '1: `admin.allow_plain_http` must be true or false'],
    ['"${NAME}": 1', '1: unknown member `"${NAME}"`; known here: '],
    ['default_model: "${file:}"', '1: `default_model` names no file in `${file:...}`'],
    ['default_model: "${file:gone}"', '1: `default_model` needs the file /'],
    [
      'default_model: ${YAML}',
      '1: `default_model` must be text of 1 to 256 characters in one line (put numbers in quotes)',
    ],
  ])('%s is refused', async (text, fault) => {
    const [first, ...rest] = await faults(text, { env });
    expect(first).toContain(fault);
    expect(rest).toEqual([]);
  });

  it('read a file without the line break at its end, and warn when everyone can read it', async () => {
    const file = join(directory, 'secret');
    await writeFile(file, 'sk-abc\n', { mode: 0o600 });
    const text = `upstreams: [{ url: http://10.0.0.1, api_key: "\${file:secret}" }, { url: http://10.0.0.2, api_key: "\${file:${file}}" }]`;
    const closed = await load(text);
    expect(closed.config.upstreams.map((upstream) => upstream.api_key?.reveal())).toEqual(['sk-abc', 'sk-abc']);
    expect(closed.warnings).toEqual([]);
    await chmod(file, 0o644);
    expect((await load(text)).warnings).toEqual([
      expect.stringContaining(`chmod o= ${file}`),
      expect.stringContaining('upstreams[1].api_key'),
    ]);
  });

  it('refuse a secret file over 64 KiB and a device', async () => {
    await writeFile(join(directory, 'large'), 'x'.repeat(65_537), { mode: 0o600 });
    expect(await faults('default_model: "${file:large}"')).toEqual([
      expect.stringContaining('larger than 65536 bytes'),
    ]);
    expect(await faults('default_model: "${file:/dev/zero}"')).toEqual([expect.stringContaining('not a regular file')]);
  });

  it('never add or remove a member, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (value) => {
        const text =
          'default_model: ${V}\nallowed_hosts: ["${V}"]\nmodels: { a: { aliases: ["x${V}"], replicas: [{ url: http://10.0.0.1 }] }, "*": { replicas: [{ url: http://10.0.0.2 }] } }';
        const outcome = await loadConfig({ text, env: { V: value }, cwd: directory });
        if (!outcome.ok) {
          expect(
            outcome.faults.every(({ path }) =>
              /^(default_model|allowed_hosts\[0\]|models\.a\.aliases\[0\])$/.test(path),
            ),
          ).toBe(true);
          return;
        }
        expect(Object.keys(outcome.loaded.config.models)).toEqual(['a', '*']);
        expect(outcome.loaded.config.admin.allow_plain_http).toBe(false);
      }),
    );
  });
});

describe('any text at all', () => {
  const pieces = fc.constantFrom(
    'listen',
    'listeners',
    'models',
    '__proto__',
    'constructor',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '"',
    "'",
    '${',
    '}',
    '|',
    '>',
    '#',
    '!!map ',
    '? ',
    '<<',
    '\t',
    '---',
    'null',
    '0',
    'a',
  );
  it('is loaded or refused with a sentence, never thrown', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
        ),
        async (text) => {
          const outcome = await loadConfig({ text, env: {}, cwd: directory });
          if (!outcome.ok)
            expect(outcome.faults.every(({ message, line }) => message !== '' && (line === null || line >= 1))).toBe(
              true,
            );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('of the right shape with any values is loaded or refused with a sentence', async () => {
    const names = [
      'listeners',
      'tls',
      'server',
      'auth',
      'keys',
      'upstreams',
      'models',
      'limits',
      'audit',
      'default_model',
      'allowed_hosts',
    ];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 })), async (value) => {
        const outcome = await loadConfig({ text: JSON.stringify(value), env: {}, cwd: directory });
        if (!outcome.ok) expect(outcome.faults.every(({ message }) => message !== '')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
