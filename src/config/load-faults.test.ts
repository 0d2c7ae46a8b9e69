import { describe, expect, it } from 'vitest';
import { formatFaults, loadConfig } from './load.js';

const NUL = String.fromCharCode(0);
const ENV = { PORT: '5390', BAD_KEY: 'with space', CANARY: 'canary-7f3a' };

/** The faults of a file, each as `line: sentence`. */
async function faultsOf(text: string): Promise<string[]> {
  const outcome = await loadConfig({ text, file: '/etc/keyporter/keyporter.yaml', env: ENV, cwd: '/' });
  return outcome.ok ? [] : outcome.faults.map(({ line, message }) => `${line}: ${message}`);
}

const REPLICA = 'replicas: [{ url: http://10.0.0.5:8000 }]';
const LISTEN_FORM = 'must be ADDRESS:PORT, such as 127.0.0.1:5390, [::1]:5390 or :5390 for every IPv4 address';
const NETWORK_FORM = 'must be a network such as 10.0.0.0/8 (nothing set behind the prefix) or a plain IP address';
const DURATION = 'must be a number with a unit, such as 45s, 90m, 24h, 30d, 2w or 1y, at most 100 years; or null';
const ADMIN_NEEDS_TLS =
  'cannot hold `admin` on an address other machines reach without TLS; set `tls`, listen on 127.0.0.1, or set `admin.allow_plain_http: true`';

type Row = [name: string, text: string, faults: string[]];

describe('what is not YAML is told with its line', () => {
  const rows: Row[] = [
    ['a list at the top', '- a\n- b', ['1: the file must be a map of members, such as `listen: 127.0.0.1:5390`']],
    ['text at the top', 'hello', ['1: the file must be a map of members, such as `listen: 127.0.0.1:5390`']],
    ['a tab as indentation', 'server:\n\tdrain_seconds: 5', ['2: a tab is used for indentation; use spaces']],
    [
      'two documents',
      'listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2',
      ['2: the file holds more than one YAML document; keep one, without `---` between parts'],
    ],
    ['a member named twice', 'tls: {}\nserver: {}\ntls: {}', ['3: `tls` is named twice; first in line 1']],
    ['a member named twice in another spelling', 'tls: {}\n"tls": {}', ['2: `tls` is named twice; first in line 1']],
    [
      'a nested member named twice',
      'keys:\n  require: []\n  require: [owner]',
      ['3: `require` is named twice; first in line 2'],
    ],
    [
      'an open bracket',
      'listeners: [',
      ['1: the indentation does not fit the lines above, or a bracket is not closed'],
    ],
    ['an open quote', 'data_dir: "abc', ['1: a closing quote, bracket, comma or colon is missing']],
    ['an alias without anchor', 'models: *nothing', ['1: an alias (`*name`) names no anchor (`&name`) before it']],
    ['an alias to itself', 'models: &m\n  a: *m', ['2: an alias leads back to the value that contains it']],
    ['an unknown tag', 'data_dir: !secret abc', ['1: a tag (`!name`) is not known here; leave it out']],
    ['a map as a name', '{a: 1}: b', ['1: a member must be named by plain text']],
    ['no name', ': b', ['1: a member must be named by plain text']],
    [
      'a bad escape',
      'data_dir: "a\\qb"',
      [
        '1: a text in double quotes has a `\\` escape that YAML does not know; write `\\\\` for a backslash or use single quotes',
      ],
    ],
  ];
  it.each(rows)('%s', async (_, text, faults) => {
    expect(await faultsOf(text)).toEqual(faults);
  });

  it('an alias bomb', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
    );
    const faults = await faultsOf(['l0: &l0 [1, 2, 3, 4, 5, 6, 7, 8, 9]', ...levels].join('\n'));
    expect(faults).toEqual([
      expect.stringContaining('the file holds (or its aliases expand to) more than 200000 values'),
    ]);
  });

  it('more than 4 MiB', async () => {
    expect(await faultsOf(`# ${'x'.repeat(4 * 1024 * 1024)}`)).toEqual([
      'null: the configuration is larger than 4194304 bytes',
    ]);
  });

  it('a thousand lists in one line', async () => {
    expect(await faultsOf(`models: a\n${'- '.repeat(1000)}`)).toEqual([expect.stringContaining('nested too deeply')]);
  });

  it('a thousand brackets', async () => {
    expect(await faultsOf(`models: ${'['.repeat(1000)}${']'.repeat(1000)}`)).toEqual([
      expect.stringContaining('nested too deeply'),
    ]);
  });

  it('a hundred thousand brackets', async () => {
    expect(await faultsOf(`models: ${'['.repeat(100_000)}`)).toEqual([expect.stringContaining('nested too deeply')]);
  });
});

describe('members', () => {
  const rows: Row[] = [
    ['unknown, with a near name', 'listn: 127.0.0.1:1', ['1: unknown member `listn`; did you mean `listen`?']],
    [
      'unknown in a section',
      'server:\n  drain_second: 5',
      ['2: unknown member `drain_second` in `server`; did you mean `drain_seconds`?'],
    ],
    [
      'unknown in a list entry',
      'listeners:\n  - listen: 127.0.0.1:1\n    sirve: [api]',
      ['3: unknown member `sirve` in `listeners[0]`; did you mean `serve`?'],
    ],
    [
      'unknown without a near name',
      'cors: { zzz: 1 }',
      ['1: unknown member `zzz` in `cors`; known here: allow_origins'],
    ],
    [
      '__proto__ beside known ones',
      'cors: { __proto__: { allow_origins: ["*"] } }',
      ['1: unknown member `__proto__` in `cors`; known here: allow_origins'],
    ],
    [
      'constructor beside known ones',
      'admin: { constructor: 1 }',
      ['1: unknown member `constructor` in `admin`; known here: allow_plain_http'],
    ],
    [
      '__proto__ as a model',
      `models: { __proto__: { ${REPLICA} } }`,
      ['1: `models.__proto__` cannot be used as a name; choose another'],
    ],
    [
      'an unknown name is quoted and cut',
      `"${'x'.repeat(300)}\\u0007": 1`,
      [expect.stringContaining(`unknown member \`"${'x'.repeat(80)}..."\``) as string],
    ],
    ['a missing one', 'upstreams:\n  - api_key: abc', ['2: `upstreams[0].url` is missing']],
    ['text for a section', 'server: fast', ['1: `server` must be a map of members, such as `{ name: value }`']],
    ['a map for a list', 'listeners: { listen: 127.0.0.1:1 }', ['1: `listeners` must be a list with 1 to 64 entries']],
    ['an empty list that must not be', 'listeners: []', ['1: `listeners` must be a list with 1 to 64 entries']],
    [
      'nothing as an entry of a list',
      'upstreams: [null]',
      ['1: `upstreams[0]` must be a map of members, such as `{ name: value }`'],
    ],
    [
      'text for a number',
      'server: { max_connections: many }',
      ['1: `server.max_connections` must be a whole number from 1 to 1000000 (connections)'],
    ],
    [
      'a fraction',
      'server: { drain_seconds: 1.5 }',
      ['1: `server.drain_seconds` must be a whole number from 1 to 86400 (seconds)'],
    ],
    [
      'zero where it reads both ways',
      'server: { drain_seconds: 0 }',
      ['1: `server.drain_seconds` must be a whole number from 1 to 86400 (seconds)'],
    ],
    [
      'a number beyond its bound',
      'server: { max_body_bytes: 99999999999 }',
      ['1: `server.max_body_bytes` must be a whole number from 1024 to 1073741824 (bytes)'],
    ],
    [
      'null where there must be a bound',
      'server: { max_body_bytes: null }',
      ['1: `server.max_body_bytes` must be a whole number from 1024 to 1073741824 (bytes)'],
    ],
    [
      'not a number',
      'usage: { request_log_days: .nan }',
      ['1: `usage.request_log_days` must be a whole number from 1 to 3650 (days)'],
    ],
    ['an old yes', 'admin: { allow_plain_http: yes }', ['1: `admin.allow_plain_http` must be true or false']],
    [
      'a mistyped word',
      'unknown_model: refuze',
      ['1: `unknown_model` must be `refuse` or `default`; did you mean `refuse`?'],
    ],
    ['a wrong word', 'unknown_model: something', ['1: `unknown_model` must be `refuse` or `default`']],
    [
      'a mistyped scope',
      'keys: { default_scopes: [infre] }',
      [expect.stringContaining('1: `keys.default_scopes[0]` must be `infer`') as string],
    ],
    ['no scope', 'keys: { default_scopes: [] }', ['1: `keys.default_scopes` must be a list with 1 to 1000 entries']],
    [
      'a scope twice',
      'keys: { default_scopes: [infer, infer] }',
      ['1: `keys.default_scopes[1]` is named twice in its list'],
    ],
    [
      'a TLS version without quotes',
      'tls: { min_version: 1.2 }',
      ['1: `tls.min_version` must be `1.2` or `1.3`; put it in quotes'],
    ],
    [
      'a number as a name',
      'default_model: 7',
      ['1: `default_model` must be text of 1 to 256 characters in one line (put numbers in quotes)'],
    ],
    ['a duration without unit', 'keys: { default_expires: 30 }', [`1: \`keys.default_expires\` ${DURATION}`]],
    ['a duration of nothing', 'keys: { max_lifetime: 0d }', [`1: \`keys.max_lifetime\` ${DURATION}`]],
    ['a home sign', 'data_dir: ~/keys', ['1: `data_dir` must be a path in one line, written out in full (no ~)']],
    ['another database', 'database: mysql', ['1: `database` must be `sqlite`']],
  ];
  it.each(rows)('%s', async (_, text, faults) => {
    expect(await faultsOf(text)).toEqual(faults);
  });
});

describe('addresses', () => {
  const rows: Row[] = [
    ['a port alone', 'listen: 5390', [`1: \`listen\` ${LISTEN_FORM}`]],
    ['a port too high', 'listen: 127.0.0.1:65536', [`1: \`listen\` ${LISTEN_FORM}`]],
    ['a name', 'listen: gateway.example.com:80', [`1: \`listen\` ${LISTEN_FORM}`]],
    [
      'both ways to listen',
      'listen: 127.0.0.1:1\nlisteners: [{ listen: 127.0.0.1:2 }]',
      ['1: `listen` cannot stand together with `listeners`; write it as `listeners: [{ listen: ... }]`'],
    ],
    [
      'an address twice',
      'listeners:\n  - listen: 127.0.0.1:80\n  - listen: localhost:80',
      ['3: `listeners[1].listen` takes the address and port of another listener'],
    ],
    [
      'an address within every address',
      'listeners:\n  - listen: :80\n  - listen: 10.0.0.1:80',
      ['3: `listeners[1].listen` takes the address and port of another listener'],
    ],
    [
      'every address of both kinds',
      'listeners:\n  - listen: "[::]:80"\n  - listen: 10.0.0.1:80',
      ['3: `listeners[1].listen` takes the address and port of another listener'],
    ],
    [
      'the admin API in the open',
      'listeners:\n  - { listen: 0.0.0.0:80, serve: [api, admin] }',
      [`2: \`listeners[0].serve\` ${ADMIN_NEEDS_TLS}`],
    ],
    [
      'the admin API in the open by its own plain listener',
      'tls: { cert_file: /dev/null, key_file: /dev/null }\nlisteners:\n  - { listen: 10.0.0.1:80, serve: [admin], tls: null }',
      [
        '1: `tls.cert_file` names /dev/null, but it is not a regular file',
        `3: \`listeners[0].serve\` ${ADMIN_NEEDS_TLS}`,
      ],
    ],
    [
      'a certificate without its key',
      'tls: { cert_file: /nonexistent.pem }',
      [
        '1: `tls.cert_file` needs `key_file` beside it',
        '1: `tls.cert_file` names /nonexistent.pem, but it does not exist',
      ],
    ],
    [
      'a key without its certificate',
      'listeners:\n  - listen: 127.0.0.1:1\n    tls: { key_file: /nonexistent.pem }',
      ['3: `listeners[0].tls.key_file` needs `cert_file` beside it'],
    ],
    ['a network with host bits', 'trusted_proxies: [10.0.0.5/8]', [`1: \`trusted_proxies[0]\` ${NETWORK_FORM}`]],
    [
      'a network of a short address',
      'auth: { local_networks: [10/8] }',
      [`1: \`auth.local_networks[0]\` ${NETWORK_FORM}`],
    ],
    [
      'an IPv4 network in IPv6 clothes',
      'auth: { local_networks: ["::ffff:10.0.0.0/104"] }',
      [`1: \`auth.local_networks[0]\` ${NETWORK_FORM}`],
    ],
    [
      'no keys needed behind a proxy on this machine',
      'trusted_proxies: [10.0.0.1, 127.0.0.0/8]\nauth:\n  local_networks: [192.168.0.0/16]',
      [
        '3: `auth.local_networks` cannot be used while `trusted_proxies` holds a loopback address: everyone behind that proxy would need no key',
      ],
    ],
    [
      'no keys needed behind a proxy anywhere',
      'trusted_proxies: [0.0.0.0/0]\nauth:\n  local_networks: [192.168.0.0/16]',
      [
        '3: `auth.local_networks` cannot be used while `trusted_proxies` holds a loopback address: everyone behind that proxy would need no key',
      ],
    ],
    [
      'a host with a port',
      'allowed_hosts: ["llm.example.com:443"]',
      ['1: `allowed_hosts[0]` must be a host name or IP address without scheme and port, such as llm.example.com'],
    ],
    [
      'any host',
      'allowed_hosts: ["*"]',
      ['1: `allowed_hosts[0]` must be a host name or IP address without scheme and port, such as llm.example.com'],
    ],
    [
      'an origin with a path',
      'cors: { allow_origins: [https://app.example.com/] }',
      [
        '1: `cors.allow_origins[0]` must be an origin exactly as browsers send it, such as https://app.example.com, or "*"',
      ],
    ],
    [
      'the origin of files',
      'cors: { allow_origins: ["null"] }',
      [
        '1: `cors.allow_origins[0]` must be an origin exactly as browsers send it, such as https://app.example.com, or "*"',
      ],
    ],
    [
      'a public URL with a query',
      'public_url: https://a.example.com/?x',
      ['1: `public_url` must be a full http:// or https:// URL without user, query or fragment'],
    ],
  ];
  it.each(rows)('%s', async (_, text, faults) => {
    expect(await faultsOf(text)).toEqual(faults);
  });
});

describe('models', () => {
  const rows: Row[] = [
    [
      'an alias of two',
      `models:\n  a: { aliases: [x], ${REPLICA} }\n  b: { aliases: [x], ${REPLICA} }`,
      ['3: `models.b.aliases[0]` is also an alias of the model `a`'],
    ],
    [
      'an alias that is a model',
      `models:\n  a: { aliases: [b], ${REPLICA} }\n  b: { ${REPLICA} }`,
      ['2: `models.a.aliases[0]` is the name of a model itself: `b`'],
    ],
    [
      'a star as alias',
      `models:\n  a: { aliases: ["*"], ${REPLICA} }`,
      ['2: `models.a.aliases[0]` cannot be `*`; configure a model named `"*"` to pass any other name on'],
    ],
    [
      'aliases of everything',
      `models:\n  "*": { aliases: [a], ${REPLICA} }`,
      ['2: `models."*".aliases` cannot be given: `"*"` already stands for any other name'],
    ],
    [
      'a default nobody serves',
      `default_model: b\nmodels: { a: { ${REPLICA} } }`,
      ['1: `default_model` names no configured model or alias; known are `a`'],
    ],
    [
      'everything as default',
      `default_model: "*"\nmodels: { "*": { ${REPLICA} } }`,
      ['1: `default_model` must be the name of one model'],
    ],
    [
      'the default where there is none',
      'unknown_model: default',
      ['1: `unknown_model` can be `default` only when `default_model` is set'],
    ],
    [
      'no replica',
      'models:\n  a: {}',
      ['2: `models.a.replicas` must name at least one server, unless there is a `command` that starts it'],
    ],
    [
      'an empty list of replicas',
      'models:\n  a: { replicas: [] }',
      ['2: `models.a.replicas` must name at least one server, unless there is a `command` that starts it'],
    ],
    [
      'the same upstream twice',
      'upstreams:\n  - url: http://10.0.0.1/v1/\n  - url: http://10.0.0.1',
      ['3: `upstreams[1].url` is the same server as an earlier entry'],
    ],
    [
      'a path that is none',
      `models:\n  a:\n    ${REPLICA}\n    paths: { /v1/../x: http://10.0.0.1 }`,
      [
        '4: `models.a.paths."/v1/../x"` must be named by a plain path, such as /v1/chat/completions: no query, escapes, `..`, `//` or `/` at the end',
      ],
    ],
    [
      'a missing authority',
      'models:\n  a:\n    replicas:\n      - { url: https://10.0.0.5, ca_file: no.pem }',
      ['4: `models.a.replicas[0].ca_file` names /etc/keyporter/no.pem, but it does not exist'],
    ],
    [
      'a lifetime shorter than the usual life',
      'keys:\n  default_expires: 1y\n  max_lifetime: 30d',
      ['2: `keys.default_expires` must not be longer than `keys.max_lifetime`'],
    ],
    [
      'a key that cannot travel',
      'upstreams: [{ url: http://10.0.0.1, api_key: "${BAD_KEY}" }]',
      [
        '1: `upstreams[0].api_key` must be printable ASCII text without spaces (put numbers in quotes; write null for none)',
      ],
    ],
    [
      'an empty key',
      'upstreams: [{ url: http://10.0.0.1, api_key: "" }]',
      [
        '1: `upstreams[0].api_key` must be printable ASCII text without spaces (put numbers in quotes; write null for none)',
      ],
    ],
  ];
  it.each(rows)('%s', async (_, text, faults) => {
    expect(await faultsOf(text)).toEqual(faults);
  });
});

describe('many faults', () => {
  it('are told all at once, in the order of the file, rules between members included', async () => {
    const text = [
      'listn: 127.0.0.1:1',
      'server: { drain_seconds: 0, max_body_byte: 3 }',
      'listeners:',
      '  - { listen: bad }',
      '  - { listen: 0.0.0.0:80, serve: [api, admin] }',
      '  - { listen: 0.0.0.0:80 }',
      'upstreams: [{ url: "${NOPE}" }, { url: http://127.0.0.1:80/v1 }]',
      'limits: { requests_per_minute: 0 }',
      'unknown_model: default',
    ];
    expect(await faultsOf(text.join('\n'))).toEqual([
      '1: unknown member `listn`; did you mean `listen`?',
      '2: `server.drain_seconds` must be a whole number from 1 to 86400 (seconds)',
      '2: unknown member `max_body_byte` in `server`; did you mean `max_body_bytes`?',
      `4: \`listeners[0].listen\` ${LISTEN_FORM}`,
      `5: \`listeners[1].serve\` ${ADMIN_NEEDS_TLS}`,
      '6: `listeners[2].listen` takes the address and port of another listener',
      '7: `upstreams[0].url` needs the environment variable `NOPE`, which is not set; set it, or give a default as `${NOPE:-default}`',
      '7: `upstreams[1].url` leads back to this gateway; name the model server itself',
      '8: `limits.requests_per_minute` must be a whole number from 1 to 1000000000',
      '9: `unknown_model` can be `default` only when `default_model` is set',
    ]);
  });

  it('are written as compilers write them', async () => {
    const outcome = await loadConfig({
      text: 'a: 1\nserver: { drain_seconds: 0 }',
      file: 'k.yaml',
      env: {},
      cwd: '/x',
    });
    expect(outcome.ok ? '' : formatFaults(outcome.faults)).toMatch(
      /^\/x\/k\.yaml:1:1: unknown member `a`.*\n\/x\/k\.yaml:2:11: `server\.drain_seconds` must be/,
    );
  });

  it('never repeat a value, which may be a secret', async () => {
    const texts = [
      'upstreams: [{ url: "http://u:canary-7f3a@10.0.0.1", api_key: ["canary-7f3a"] }]',
      'database: "${CANARY}"\nlisten: "${CANARY}"\nlogging: { level: "${CANARY}" }',
      'upstreams: [{ api_key: "canary-7f3a',
      'api_key: canary-7f3a: canary-7f3a',
      'api_key: !canary-7f3a x',
      'upstreams: [{ url: http://10.0.0.1, api_key: *canary-7f3a }]',
      `upstreams: [{ url: http://10.0.0.1, api_key: "canary-7f3a${NUL}" }]`,
      'upstreams: [{ url: http://10.0.0.1, api_key: "${canary 7f3a}" }]',
    ];
    for (const text of texts) {
      const faults = await faultsOf(text);
      expect(faults).not.toEqual([]);
      expect(faults.join('\n')).not.toMatch(/canary.7f3a/);
    }
  });
});
