import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.js';
import { createCatalogue, type FoundState } from './catalogue.js';
import { DEFAULT_TREATMENT, type CatalogueConfig, type ConfiguredModel } from './configured.js';

const TIMEOUTS = { connect_ms: 5, first_byte_seconds: 6, idle_seconds: 7, total_seconds: 8 };

function at(url: string): ConfiguredModel['replicas'][number] {
  return { url, dns: null, port: null, api_key: null, ca_file: null, weight: 1 };
}

function model(entry: Partial<ConfiguredModel> = {}): ConfiguredModel {
  return {
    aliases: [],
    engine: 'auto',
    upstream_model: null,
    restricted: false,
    replicas: [at('http://static')],
    paths: {},
    timeouts: TIMEOUTS,
    balance: 'least_load',
    max_in_flight: null,
    queue: { max_waiting: 256, max_wait_seconds: 300, heartbeat_after_seconds: 15 },
    fields: { deny: [], clamp: {} },
    media_urls: 'data_only',
    readiness_probe: {
      path: null,
      method: 'GET',
      headers: {},
      body: null,
      interval_seconds: 10,
      timeout_seconds: 15,
      startup_grace_seconds: 1200,
    },
    ...entry,
  };
}

function config(entry: Partial<CatalogueConfig> = {}): CatalogueConfig {
  return { upstreams: [], default_model: null, unknown_model: 'refuse', models: {}, ...entry };
}

function upstream(url: string, key: string | null = null): CatalogueConfig['upstreams'][number] {
  return { url, api_key: key === null ? null : new Secret(key), engine: 'auto' };
}

function found(url: string, ...models: string[]): [string, FoundState] {
  return [
    url,
    {
      url,
      state: 'up',
      engine: 'vllm',
      detail: null,
      models,
      answersWithoutKey: false,
      listed: new Map(),
      offered: true,
    },
  ];
}

describe('names', () => {
  it('a configured model is offered as it is written', () => {
    const key = new Secret('k');
    const qwen = model({
      aliases: ['gpt-4o-mini'],
      upstream_model: 'Qwen/Qwen3-8B',
      restricted: true,
      engine: 'vllm',
      replicas: [{ ...at('http://a'), api_key: key, ca_file: '/ca.pem', weight: 3 }],
      balance: 'round_robin',
      max_in_flight: 4,
      paths: { '/v1/embeddings': 'http://b/e' },
    });
    const catalogue = createCatalogue(config({ models: { qwen3: qwen } }), new Map());
    expect(catalogue.resolve('qwen3')).toEqual({
      name: 'qwen3',
      fields: { deny: [], clamp: {} },
      mediaUrls: 'data_only',
      aliases: ['gpt-4o-mini'],
      restricted: true,
      origin: 'configured',
      upstreamName: 'Qwen/Qwen3-8B',
      replicas: [{ url: 'http://a', apiKey: key, engine: 'vllm', caFile: '/ca.pem', weight: 3 }],
      paths: { '/v1/embeddings': 'http://b/e' },
      timeouts: { connectMs: 5, firstByteMs: 6000, idleMs: 7000, totalMs: 8000 },
      balance: 'round_robin',
      maxInFlight: 4,
      queue: DEFAULT_TREATMENT.queue,
      readiness: DEFAULT_TREATMENT.readiness,
      created: 0,
      ownedBy: 'keyporter',
    });
    expect(catalogue.resolve('gpt-4o-mini')).toBe(catalogue.resolve('qwen3'));
    expect(catalogue.list()).toEqual([catalogue.resolve('qwen3')]);
  });

  it('a found model is offered with the key and the list of its upstream', () => {
    const [url, state] = found('http://u', 'm');
    const listed = new Map([['m', { id: 'm', created: 17, ownedBy: 'org' }]]);
    const catalogue = createCatalogue(
      config({ upstreams: [upstream(url, 'k')] }),
      new Map([[url, { ...state, listed }]]),
    );
    expect(catalogue.resolve('m')).toMatchObject({
      origin: 'found',
      upstreamName: 'm',
      created: 17,
      ownedBy: 'org',
      restricted: false,
      replicas: [{ url, engine: 'vllm' }],
    });
    expect(catalogue.resolve('m')?.replicas[0]?.apiKey?.reveal()).toBe('k');
  });

  it('a model of a server nobody named is offered without a key, after the named ones', () => {
    const catalogue = createCatalogue(
      config({ upstreams: [upstream('http://named')] }),
      new Map([found('http://usual', 'both', 'own'), found('http://named', 'both')]),
    );
    expect(catalogue.resolve('both')?.replicas).toMatchObject([{ url: 'http://named' }, { url: 'http://usual' }]);
    expect(catalogue.resolve('own')?.replicas).toEqual([
      { url: 'http://usual', apiKey: null, engine: 'vllm', caFile: null, weight: 1 },
    ]);
  });

  it('the list of a server that is only watched is not offered', () => {
    const [url, state] = found('http://static', 'm');
    expect(createCatalogue(config(), new Map([[url, { ...state, offered: false }]])).list()).toEqual([]);
  });

  it('a configured name wins over an alias, and an alias over a found name, with warnings', () => {
    const models = { a: model({ aliases: ['b', 'c'] }), b: model({ aliases: ['c'] }) };
    const catalogue = createCatalogue(
      config({ models, upstreams: [upstream('http://u')] }),
      new Map([found('http://u', 'a', 'c', 'd')]),
    );
    expect(['a', 'b', 'c', 'd'].map((name) => catalogue.resolve(name)?.name)).toEqual(['a', 'b', 'a', 'd']);
    expect(catalogue.warnings).toEqual([
      'The alias b of a is not used: the name already means b.',
      'The alias c of a hides the model c of http://u.',
      'The alias c of b is not used: the name already means a.',
    ]);
  });

  it('a name that several upstreams list is one model with a replica on each, in their order', () => {
    const upstreams = [upstream('http://1'), upstream('http://2')];
    const catalogue = createCatalogue(
      config({ upstreams }),
      new Map([found('http://2', 'm', 'n'), found('http://1', 'm')]),
    );
    const urlsOf = (name: string) => catalogue.resolve(name)?.replicas.map(({ url }) => url);
    expect([urlsOf('m'), urlsOf('n')]).toEqual([['http://1', 'http://2'], ['http://2']]);
  });

  it('every address behind a name is a replica, and a process too; one URL counts once', () => {
    const key = new Secret('k');
    const dns = { ...at(''), url: null, dns: 'qwen.svc', port: 8000, api_key: key, weight: 2 };
    const process = { url: 'http://127.0.0.1:9100', apiKey: null, engine: 'vllm', caFile: null, weight: 1 } as const;
    const catalogue = createCatalogue(
      config({ models: { qwen: model({ replicas: [at('http://10.0.0.2:8000'), dns] }) } }),
      new Map(),
      {
        sources: {
          addresses: ({ host, port }) =>
            ['10.0.0.1', '10.0.0.2'].map((ip) => (host === 'qwen.svc' ? `http://${ip}:${port}` : '')),
          processes: (name) => (name === 'qwen' ? [process] : []),
        },
      },
    );
    expect(catalogue.resolve('qwen')?.replicas).toEqual([
      { url: 'http://10.0.0.2:8000', apiKey: null, engine: 'unknown', caFile: null, weight: 1 },
      { url: 'http://10.0.0.1:8000', apiKey: key, engine: 'unknown', caFile: null, weight: 2 },
      process,
    ]);
  });

  it('are exact: case, spaces and Unicode forms make another name', () => {
    const catalogue = createCatalogue(
      config({ upstreams: [upstream('http://u')] }),
      new Map([found('http://u', 'Qwen', 'caf\u00e9', 'other')]),
    );
    expect(['qwen', 'Qwen ', 'cafe\u0301', ''].map((name) => catalogue.resolve(name))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '*'])('%s means nothing special', (name) => {
    const empty = createCatalogue(config({ models: { a: model(), b: model() } }), new Map());
    expect(empty.resolve(name)).toBeNull();
    const serving = createCatalogue(
      config({ upstreams: [upstream('http://u')] }),
      new Map([found('http://u', name, 'x', 'y')]),
    );
    expect(serving.resolve(name)?.name ?? null).toBe(name === '*' ? null : name);
  });
});

describe('"*"', () => {
  const models = { a: model(), '*': model({ replicas: [at('http://any')] }) };

  it('passes any other name on, and is not in the list', () => {
    const catalogue = createCatalogue(config({ models }), new Map());
    expect(catalogue.resolve('org/other')).toMatchObject({
      name: 'org/other',
      upstreamName: 'org/other',
      origin: 'wildcard',
      replicas: [{ url: 'http://any' }],
    });
    expect(catalogue.resolve('a')?.origin).toBe('configured');
    expect(catalogue.list().map(({ name }) => name)).toEqual(['a']);
  });

  it('sends one fixed name when it has an upstream_model', () => {
    const catalogue = createCatalogue(config({ models: { '*': model({ upstream_model: 'one' }) } }), new Map());
    expect(catalogue.resolve('other')).toMatchObject({ name: 'other', upstreamName: 'one' });
  });

  it.each(['', 'x'.repeat(257), 'a\nb', 'a\u0000', '\ud800', '\u202e', '*'])(
    'passes no name on that could not be a model: %j',
    (name) => {
      expect(createCatalogue(config({ models }), new Map()).resolve(name)).toBeNull();
    },
  );

  it('is no default model', () => {
    expect(createCatalogue(config({ models: { '*': model() } }), new Map()).resolve(null)).toBeNull();
  });
});

describe('bodies without a model, and unknown names', () => {
  const two = { a: model({ aliases: ['first'] }), b: model() };

  it('the only model is the default', () => {
    expect(createCatalogue(config({ models: { a: model({ aliases: ['x'] }) } }), new Map()).resolve(null)?.name).toBe(
      'a',
    );
    expect(createCatalogue(config({ models: two }), new Map()).resolve(null)).toBeNull();
    expect(createCatalogue(config(), new Map()).resolve(null)).toBeNull();
  });

  it('default_model may be a name, an alias, a found name, or one "*" passes on', () => {
    const named = (default_model: string, models = two): string | undefined =>
      createCatalogue(
        config({ models, default_model, upstreams: [upstream('http://u')] }),
        new Map([found('http://u', 'seen')]),
      ).resolve(null)?.name;
    expect([
      named('b'),
      named('first'),
      named('seen'),
      named('gone'),
      named('gone', { ...two, '*': model() } as typeof two),
    ]).toEqual(['b', 'a', 'seen', undefined, 'gone']);
  });

  it('unknown_model: default answers with the default model, after "*"', () => {
    const resolve = (entry: Partial<CatalogueConfig>): string | undefined =>
      createCatalogue(config({ models: two, default_model: 'b', ...entry }), new Map()).resolve('nobody')?.name;
    expect(resolve({})).toBeUndefined();
    expect(resolve({ unknown_model: 'default' })).toBe('b');
    expect(resolve({ unknown_model: 'default', models: { ...two, '*': model() } })).toBe('nobody');
  });
});

it('upstreams that never told their models are named, those that did are not', () => {
  const upstreams = [
    upstream('http://never'),
    upstream('http://down'),
    upstream('http://empty'),
    upstream('http://locked'),
  ];
  const [downUrl, down] = found('http://down', 'm');
  const [lockedUrl, { listed: _, ...locked }] = found('http://locked');
  const states = new Map([[downUrl, { ...down, state: 'down' as const }], found('http://empty'), [lockedUrl, locked]]);
  expect(createCatalogue(config({ upstreams }), states).silent).toEqual(['http://never', 'http://locked']);
});

describe('whatever is configured and found', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'),
    fc.string({ minLength: 1, maxLength: 8 }),
  );
  const urls = ['http://1', 'http://2', 'http://3'];
  const entries = fc.array(fc.tuple(name, fc.array(name, { maxLength: 3 })), { maxLength: 4 });
  const lists = fc.array(fc.array(name, { maxLength: 5 }), { minLength: 3, maxLength: 3 });

  it('every listed model is what its name means, each once and sorted, and configured names are never taken', () => {
    fc.assert(
      fc.property(entries, lists, (configured, models) => {
        const own = configured.filter(([entry]) => entry !== '*');
        const states = new Map(models.map((names, index) => found(urls[index] ?? '', ...names)));
        const setting = config({
          models: Object.fromEntries(own.map(([entry, aliases]) => [entry, model({ aliases })])),
          upstreams: urls.map((url) => upstream(url)),
        });
        const catalogue = createCatalogue(setting, states);
        const names = catalogue.list().map((offered) => offered.name);
        expect(names).toEqual([...new Set(names)].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
        for (const offered of catalogue.list()) expect(catalogue.resolve(offered.name)).toBe(offered);
        for (const entry of Object.keys(setting.models))
          expect(catalogue.resolve(entry)).toMatchObject({ name: entry, origin: 'configured' });
        for (const offered of catalogue.list().filter(({ origin }) => origin === 'found')) {
          const listing = urls.filter((_, index) => models[index]?.includes(offered.name));
          expect(offered.replicas.map(({ url }) => url)).toEqual(listing);
        }
      }),
    );
  });

  it('a name nobody configured or listed means nothing', () => {
    fc.assert(
      fc.property(lists, fc.string(), (models, asked) => {
        const states = new Map(models.map((names, index) => found(urls[index] ?? '', ...names)));
        const resolved = createCatalogue(config({ upstreams: urls.map((url) => upstream(url)) }), states).resolve(
          asked,
        );
        expect(resolved === null || models.some((names) => names.includes(asked))).toBe(true);
      }),
    );
  });
});
