import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BALANCES } from '../../../src/replicas/balance.js';
import { CliWorld } from '../../cli/cli-world.js';
import { MODEL, SEED, SEED_ENV } from './sky-world.js';

interface ImportedModel {
  replicas: { url: string; api_key?: string; weight?: number }[];
  balance: string;
  readiness_probe: Record<string, unknown>;
}

interface ImportBody {
  files: { fields: { field: string; verdict: string; why: string }[] }[];
  configuration: string;
}

const service = (members: string): string =>
  `envs: {AUTH_TOKEN: null}\nservice:\n${members.replaceAll(/^/gm, '  ')}\nresources: {ports: 8000}\nrun: vllm serve m --port 8000\n`;

describe('a SkyServe YAML', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await CliWorld.make();
  });
  afterAll(() => world.remove());

  const written = async (yaml: string): Promise<string> => {
    const file = join(world.home, 'auth.yaml');
    await writeFile(file, yaml, { mode: 0o600 });
    return file;
  };
  /** What `import` makes of it. */
  const imported = async (
    yaml: string,
  ): Promise<{ model: ImportedModel; verdict(field: string): string; text: string }> => {
    const { out } = await world.here(['import', await written(yaml), '--json']);
    const body = JSON.parse(out) as ImportBody;
    const { models } = parse(body.configuration) as { models: Record<string, ImportedModel> };
    const [model] = Object.values(models);
    const fields = new Map(body.files[0]?.fields.map(({ field, verdict, why }) => [field, `${verdict}: ${why}`]));
    return { model: model as ImportedModel, verdict: (field) => fields.get(field) ?? '', text: body.configuration };
  };
  /** Why `serve --service` refuses it. */
  const refused = async (yaml: string, env: Record<string, string> = {}): Promise<string> => {
    const flags = Object.keys(env).flatMap((name) => ['--env', name]);
    const { code, err } = await world.here(['serve', '--service', await written(yaml), '-n', 'auth', ...flags], {
      env,
    });
    expect(code).toBe(1);
    return err;
  };

  it('D-01 is imported with a reference to AUTH_TOKEN, two replicas, its port, probe and policy', async () => {
    const { model, verdict, text } = await imported(SEED);
    expect(text).toContain(MODEL);
    expect(model).toMatchObject({
      replicas: [{ url: 'http://127.0.0.1:8000', api_key: '${AUTH_TOKEN}' }],
      balance: 'least_load',
      readiness_probe: { path: '/v1/models', interval_seconds: 10, timeout_seconds: 15, startup_grace_seconds: 1200 },
    });
    expect(verdict('service.replicas')).toBe('approximated: 2 replicas; name the URL of each');
    expect(verdict('resources.ports')).toContain('taken: port 8000');
    expect(verdict('service.readiness_probe.headers.Authorization')).toContain('taken');
    const checked = await world.run(['check', await written(`${text}listen: 127.0.0.1:0\n`)], { env: SEED_ENV });
    expect([checked.code, checked.err]).toEqual([0, '']);
  });

  it('D-02 a variable that was not given is named, with the flag', async () => {
    expect(await refused(SEED, { HF_TOKEN: 'xxx' })).toContain(
      "Environment variable 'AUTH_TOKEN' is None. Please set a value for it in task YAML or with --env flag.",
    );
    const secret = SEED.replace('envs:', 'secrets:');
    expect(await refused(secret, { HF_TOKEN: 'xxx' })).toContain(
      "Secret variable 'AUTH_TOKEN' is None. Please set a value for it in task YAML or with --secret flag.",
    );
  });

  it('D-03 a probe of one path is a GET without headers', async () => {
    const { model } = await imported(service('readiness_probe: /v1/models'));
    expect(model.readiness_probe).toEqual({
      path: '/v1/models',
      interval_seconds: 10,
      timeout_seconds: 15,
      startup_grace_seconds: 1200,
    });
  });

  it('D-04 a path without its slash is refused', async () => {
    expect(await refused(service('readiness_probe: v1/models'), SEED_ENV)).toContain(
      'readiness_path must start with a slash (/). Got: v1/models',
    );
  });

  it('D-05 post_data makes a POST, as an object and as text, and text that is no JSON is refused', async () => {
    const asked = { method: 'POST', body: '{"prompt":"hi"}' };
    expect(
      (await imported(service('readiness_probe:\n  path: /v1/x\n  post_data: {prompt: hi}'))).model.readiness_probe,
    ).toMatchObject(asked);
    expect(
      (await imported(service(`readiness_probe:\n  path: /v1/x\n  post_data: '{"prompt": "hi"}'`))).model
        .readiness_probe,
    ).toMatchObject(asked);
    expect(await refused(service('readiness_probe:\n  path: /v1/x\n  post_data: "{bad"'), SEED_ENV)).toContain(
      'Invalid JSON string for `post_data` in the `readiness_probe` section of your service YAML.',
    );
  });

  it('values of another type, members nobody knows and broken YAML are refused once, with their place', async () => {
    const probe = 'readiness_probe: {path: /, ';
    const faults: [string, string][] = [
      [`${probe}post_data: 5}`, '`service.readiness_probe.post_data` must be a map or JSON text.'],
      [
        `${probe}initial_delay_seconds: -1}`,
        '`service.readiness_probe.initial_delay_seconds` must be a number above 0.',
      ],
      [`${probe}timeout_seconds: 0}`, '`service.readiness_probe.timeout_seconds` must be a number above 0.'],
      [
        'readiness_probe: /\nreplica_policy: {min_replicas: 1, upscale_delay_seconds: soon}',
        '`service.replica_policy.upscale_delay_seconds` must be a number.',
      ],
      [
        'readiness_probe: /\ntls: {keyfile: a, certfile: b, keyfil: c}',
        '`service.tls.keyfil` is not known; did you mean `service.tls.keyfile`?',
      ],
    ];
    for (const [members, sentence] of faults)
      expect(await refused(service(members), SEED_ENV)).toBe(`keyporter: Invalid service YAML: ${sentence}\n`);
    const broken = await refused('service: {readiness_probe: [\n');
    expect(broken.match(/line \d+:/g)).toHaveLength(1);
  });

  it('a probe may get no delay at all', async () => {
    const { model } = await imported(service('readiness_probe: {path: /v1/models, initial_delay_seconds: 0}'));
    expect(model.readiness_probe).toMatchObject({ path: '/v1/models', startup_grace_seconds: 1 });
  });

  it('D-06 replicas and replica_policy together are refused', async () => {
    expect(
      await refused(service('readiness_probe: /\nreplicas: 2\nreplica_policy: {min_replicas: 1}'), SEED_ENV),
    ).toContain('Cannot specify both `replicas` and `replica_policy` in the service YAML. Please use one of them.');
  });

  it('D-07 a range of replicas without a target is refused, and so are a smaller maximum and a target without one', async () => {
    const policy = (members: string): string => service(`readiness_probe: /\nreplica_policy: {${members}}`);
    expect(await refused(policy('min_replicas: 2, max_replicas: 10'), SEED_ENV)).toContain(
      'Detected different min_replicas and max_replicas while target_qps_per_replica is not set.',
    );
    expect(await refused(policy('min_replicas: 2, max_replicas: 1'), SEED_ENV)).toContain(
      'max_replicas must be greater than or equal to min_replicas.',
    );
    expect(await refused(policy('min_replicas: 2, target_qps_per_replica: 1'), SEED_ENV)).toContain(
      'max_replicas must be set where target_qps_per_replica is set.',
    );
  });

  it('D-08 an unknown policy is refused with those there are', async () => {
    expect(await refused(service('readiness_probe: /\nload_balancing_policy: x'), SEED_ENV)).toContain(
      "Unknown load balancing policy: x. Available policies: ['round_robin', 'least_load', 'instance_aware_least_load']",
    );
  });

  it('D-09 targets by accelerator and instance_aware_least_load require each other', async () => {
    const targets = 'replica_policy: {min_replicas: 1, max_replicas: 2, target_qps_per_replica: {A100: 10}}';
    expect(
      await refused(service(`readiness_probe: /\n${targets}\nload_balancing_policy: least_load`), SEED_ENV),
    ).toContain('instance_aware_least_load');
    expect(
      await refused(service('readiness_probe: /\nload_balancing_policy: instance_aware_least_load'), SEED_ENV),
    ).toContain('require each other');
    expect(
      (await imported(service(`readiness_probe: /\n${targets}\nload_balancing_policy: instance_aware_least_load`)))
        .model.balance,
    ).toBe('weighted_least_load');
  });

  it('several ports need a main one, and unknown members are refused with the nearest name', async () => {
    expect(await refused(SEED.replace('ports: 8000', 'ports: [8000, 8001]'), SEED_ENV)).toContain(
      'To open multiple ports on the replica, please set the',
    );
    expect(await refused(service('readiness_probe: /\nreplica: 2'), SEED_ENV)).toContain(
      '`service.replica` is not known; did you mean `service.replicas`?',
    );
  });

  it('several replicas on one port are refused, because they cannot run on one machine', async () => {
    expect(await refused(SEED.replace('--port 8000', ''), SEED_ENV)).toContain(
      'its 2 replicas would all listen on that port',
    );
  });

  it('D-23 least_load gives the next request to the second of three replicas with 2, 0 and 1', () => {
    const loads = [2, 0, 1].map((inFlight, index) => ({ url: String(index), inFlight, weight: 1, turn: 0 }));
    expect(BALANCES.least_load(loads, { home: null })[0]?.url).toBe('1');
  });

  it('D-24 by accelerator, 5 of 10 on the A100 come before 2 of 2 on the L4', () => {
    const loads = [
      { url: 'A100', inFlight: 5, weight: 10, turn: 0 },
      { url: 'L4', inFlight: 2, weight: 2, turn: 0 },
    ];
    expect(BALANCES.weighted_least_load(loads, { home: null })[0]?.url).toBe('A100');
  });

  it('D-33 scaling by a target is named as not taken', async () => {
    const { verdict } = await imported(
      service('readiness_probe: /\nreplica_policy: {min_replicas: 1, max_replicas: 10, target_qps_per_replica: 2.5}'),
    );
    expect(verdict('service.replica_policy.target_qps_per_replica')).toBe(
      'refused: Keyporter does not start or end replicas with the load',
    );
  });
});
