import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.js';
import { loadConfig, type LoadedConfig } from './load.js';
import { maskConfig } from './mask.js';

async function faultsOf(model: string): Promise<string[]> {
  const outcome = await loadConfig({ text: `models:\n  a: { ${model} }`, env: {}, cwd: '/' });
  return outcome.ok ? [] : outcome.faults.map(({ message }) => message);
}

async function loaded(text: string): Promise<LoadedConfig> {
  const outcome = await loadConfig({ text, env: {}, cwd: '/' });
  if (!outcome.ok) throw new Error(outcome.faults.map(({ message }) => message).join('\n'));
  return outcome.loaded;
}

const REPLICAS = 'replicas: [{ url: http://10.0.0.1 }]';

describe('a replica', () => {
  it.each([
    ['{}', '`models.a.replicas[0]` must have a `url`, or `dns` and `port`'],
    ['{ port: 80 }', '`models.a.replicas[0]` must have a `url`, or `dns` and `port`'],
    ['{ dns: a.svc }', '`models.a.replicas[0]` must have a `port` beside `dns`'],
    [
      '{ url: http://10.0.0.1, dns: a.svc, port: 80 }',
      '`models.a.replicas[0]` must have either a `url` or `dns` and `port`, not both',
    ],
    [
      '{ url: http://10.0.0.1, port: 80 }',
      '`models.a.replicas[0]` must have either a `url` or `dns` and `port`, not both',
    ],
    [
      '{ url: http://10.0.0.1 }, { url: http://10.0.0.1/v1 }',
      '`models.a.replicas[1].url` is the same server as an earlier entry',
    ],
    [
      '{ dns: "a b", port: 80 }',
      '`models.a.replicas[0].dns` must be a host name, such as qwen.models.svc.cluster.local',
    ],
    ['{ url: http://10.0.0.1, weight: 0 }', '`models.a.replicas[0].weight` must be a whole number from 1 to 1000'],
  ])('%s is refused', async (replica, fault) => {
    expect(await faultsOf(`replicas: [${replica}]`)).toEqual([fault]);
  });

  it('is a URL or a name, and a model may have several of both', async () => {
    const { config } = await loaded(
      'models: { a: { replicas: [{ url: http://10.0.0.1, weight: 2 }, { dns: a.svc, port: 80, api_key: k }] } }',
    );
    expect(config.models['a']?.replicas).toMatchObject([
      { url: 'http://10.0.0.1', dns: null, port: null, weight: 2 },
      { url: null, dns: 'a.svc', port: 80, weight: 1 },
    ]);
    expect(describeConfig(config)).toContain(
      'Serves a from http://10.0.0.1 and every address of a.svc at port 80, with its key.',
    );
  });
});

describe('a readiness probe', () => {
  it.each([
    ['path: health', '`models.a.readiness_probe.path` must be a path that begins with /, such as /health'],
    ['headers: { "a b": x }', '`models.a.readiness_probe.headers."a b"` must be named as a header may be'],
    ['headers: { Host: x }', '`models.a.readiness_probe.headers.Host` is set by Keyporter itself; leave it out'],
    [
      'headers: { x: "a\\r\\nb: c" }',
      '`models.a.readiness_probe.headers.x` must be printable ASCII text of 1 to 4096 characters (put numbers in quotes)',
    ],
    ['method: PUT', '`models.a.readiness_probe.method` must be `GET`, `HEAD` or `POST`'],
    [
      'interval_seconds: 0',
      '`models.a.readiness_probe.interval_seconds` must be a whole number from 1 to 3600 (seconds)',
    ],
  ])('with %s is refused', async (probe, fault) => {
    expect(await faultsOf(`${REPLICAS}, readiness_probe: { ${probe} }`)).toEqual([fault]);
  });

  it('shows the values of its headers to nobody', async () => {
    const { config } = await loaded(
      `models: { a: { ${REPLICAS}, readiness_probe: { headers: { authorization: Bearer canary } } } }`,
    );
    expect(config.models['a']?.readiness_probe.headers['authorization']?.reveal()).toBe('Bearer canary');
    expect(JSON.stringify([maskConfig(config), config])).not.toContain('canary');
  });
});
