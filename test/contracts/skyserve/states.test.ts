import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askOnce, type Findings } from '../../../src/supervisor/watch-life.js';
import { createLife } from '../../../src/supervisor/life.js';
import { specificationsOf } from '../../../src/supervisor/specification.js';
import type { Surroundings } from '../../../src/supervisor/surroundings.js';
import { loadConfig } from '../../../src/config/load.js';
import { until } from '../../support/patience.js';
import { makeCertificate } from '../../replicas/certificate.js';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { startTestGateway } from '../../support/start-gateway.js';
import type { ReplicaRow } from '../../supervisor/supervised-world.js';
import { SEED, SkyWorld } from './sky-world.js';

const LIMIT_MS = 90_000;
const ONE = SEED.replace('replicas: 2', 'replicas: 1').replace('    headers:', '    timeout_seconds: 1\n    headers:');
const NO_REPLICA = { detail: 'No ready replicas. Use "sky serve status [SERVICE_NAME]" to check the replica status.' };

const chat = (url: string, key = 'yyy'): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'meta-llama/Meta-Llama-3-8B-Instruct', messages: [] }),
  });

describe('the states of a replica', () => {
  let world: SkyWorld;
  afterEach(() => world.remove(), LIMIT_MS);

  const replica = async (): Promise<Pick<ReplicaRow, 'state' | 'detail'>> =>
    ((await world.admin.must('GET', '/replicas'))['data'] as ReplicaRow[])[0] ?? { state: '', detail: null };
  const state = async (): Promise<string> => (await replica()).state;

  it(
    'D-13, D-14 only status 200 is ready: 204, 401 and silence take a replica out, and the next 200 brings it back',
    { timeout: LIMIT_MS },
    async () => {
      world = await SkyWorld.make(ONE);
      const { url } = await world.serve();
      const [row] = await world.ready(1);
      const say = async (status: number): Promise<unknown> => (await fetch(`${row?.url}/status/${status}`)).json();
      for (const [status, told] of [
        [204, 'status 204'],
        [401, 'status 401'],
        [0, 'no answer|did not answer|within'],
      ] as const) {
        await say(status);
        await until(30_000, `not ready after ${status}`, async () => {
          const { state: condition, detail } = await replica();
          return condition === 'not_ready' && new RegExp(told).test(detail ?? '');
        });
      }
      await say(200);
      await until(30_000, 'ready again', async () => (await state()) === 'ready');
      expect((await chat(url)).status).toBe(200);
    },
  );

  it(
    'D-15, D-21 a replica that is never ready ends as failed_initial_delay, and meanwhile requests get 503 in the words of SkyServe',
    { timeout: LIMIT_MS },
    async () => {
      world = await SkyWorld.make(ONE.replace('path: /v1/models', 'path: /v1/nothing\n    initial_delay_seconds: 2'));
      const { url } = await world.serve();
      await until(30_000, 'the delay to pass', async () => (await state()) === 'failed_initial_delay');
      const answer = await chat(url);
      expect([answer.status, await answer.json()]).toEqual([503, NO_REPLICA]);
    },
  );

  it('D-11 a quote, a backslash and a dollar in a secret stay what they are', { timeout: LIMIT_MS }, async () => {
    world = await SkyWorld.make(ONE);
    const secret = 'a"b\\n$HOME`x`\n- c';
    const { url } = await world.serve({ HF_TOKEN: secret, AUTH_TOKEN: 'a"b' });
    const [row] = await world.ready(1);
    const { environment } = (await (await fetch(`${row?.url}/environment`)).json()) as {
      environment: Record<string, string>;
    };
    expect(environment['HF_TOKEN']).toBe(secret);
    expect((await chat(url, 'a"b')).status).toBe(200);
  });

  it('another shared key at the next start switches the one before off', { timeout: LIMIT_MS }, async () => {
    world = await SkyWorld.make(ONE);
    await world.serve();
    await world.ready(1);
    await world.stop();
    const { url } = await world.serve({ HF_TOKEN: 'x', AUTH_TOKEN: 'a-new-one' });
    await world.ready(1);
    expect([(await chat(url)).status, (await chat(url, 'a-new-one')).status]).toEqual([401, 200]);
  });

  it(
    "a key that the command line alone names is the clients' key, and replicas get private ones",
    { timeout: LIMIT_MS },
    async () => {
      world = await SkyWorld.make(ONE.replace(/  (HF|AUTH)_TOKEN: #.*\n/g, ''));
      const { url } = await world.serve();
      const [row] = await world.ready(1);
      expect([(await chat(url)).status, (await chat(url, 'other')).status]).toEqual([200, 401]);
      const bare = await fetch(`${row?.url}/v1/models`, { headers: { authorization: 'Bearer yyy' } });
      expect(bare.status).toBe(401);
    },
  );

  it(
    'the setup section runs before the first replica when that was asked for, and its failure starts nothing',
    { timeout: LIMIT_MS },
    async () => {
      const setup = (script: string): string => ONE.replace(/setup: \|\n( {2}.*\n)+/, `setup: ${script}\n`);
      world = await SkyWorld.make(setup('exit 7'));
      const env = { HF_TOKEN: 'x', AUTH_TOKEN: 'yyy' };
      const flags = ['-n', 'auth', '--env', 'HF_TOKEN', '--env', 'AUTH_TOKEN', '--setup'];
      const failed = await world.run(['serve', '--service', 'auth.yaml', '--listen', '127.0.0.1:0', ...flags], env);
      expect([failed.code, failed.err]).toEqual([
        1,
        expect.stringContaining('The setup section ended with exit code 7, so nothing was started.'),
      ]);
      await world.write(setup('echo "$HF_TOKEN $MODEL_NAME ${AUTH_TOKEN-none}" > ran'));
      await world.serve(env, flags);
      expect(await readFile(join(world.dir, 'ran'), 'utf8')).toBe('x meta-llama/Meta-Llama-3-8B-Instruct none\n');
    },
  );

  it('D-30 a service with a certificate answers https alone', { timeout: LIMIT_MS }, async () => {
    world = await SkyWorld.make(
      ONE.replace('  replicas: 1', '  replicas: 1\n  tls: {keyfile: key.pem, certfile: cert.pem}'),
    );
    const { cert, key } = makeCertificate('localhost', 30);
    await writeFile(join(world.dir, 'cert.pem'), cert);
    await writeFile(join(world.dir, 'key.pem'), key, { mode: 0o600 });
    const { url } = await world.serve();
    expect(url).toMatch(/^https:/);
    const ask = (verify: boolean): Promise<number | string> =>
      new Promise((done) => {
        const asked = request(
          `${url}/v1/models`,
          { rejectUnauthorized: verify, headers: { authorization: 'Bearer yyy' } },
          (answer) => done(answer.statusCode ?? 0),
        );
        asked.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''));
        asked.end();
      });
    expect([await ask(false), await ask(true)]).toEqual([200, 'DEPTH_ZERO_SELF_SIGNED_CERT']);
    await expect(fetch(`${url.replace('https', 'http')}/v1/models`)).rejects.toThrow();
    expect(await readFile(join(world.dir, 'auth.yaml'), 'utf8')).toContain('tls:');
  });
});

describe('a ready replica that fails its probes', () => {
  it('D-14 is not ready before 180 seconds, and hangs from then on', async () => {
    const outcome = await loadConfig({
      text: JSON.stringify({ models: { m: { command: 'engine --port {port}' } } }),
      env: {},
      cwd: '/',
    });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
    const [specification] = specificationsOf(outcome.loaded.config.models, '/');
    if (specification === undefined) throw new Error('no process');
    let nowMs = 0;
    let status = 200;
    const found: string[] = [];
    const note = (name: string) => (): void => void found.push(name);
    const findings: Findings = {
      ready: note('ready'),
      notReady: note('not ready'),
      tooSlow: note('too slow'),
      hangs: note('hangs'),
    };
    const world = {
      clock: { monotonic: () => nowMs },
      ask: () => Promise.resolve({ status }),
    } as unknown as Surroundings;
    const life = createLife({ pid: 1, port: 1, apiKey: null, startedAtMs: 0, beganMs: 0 });
    const probe = async (atSeconds: number, answer: number): Promise<void> => {
      nowMs = atSeconds * 1000;
      status = answer;
      await askOnce(life, { specification, world, findings });
    };
    await probe(1, 200);
    await probe(10, 500);
    await probe(189, 500);
    await probe(190, 500);
    expect(found).toEqual(['ready', 'not ready', 'hangs']);
  });
});

describe('a request whose replica refuses the connection', () => {
  it('D-25 goes to another one, because nothing was sent', async () => {
    const upstream = await RecordingUpstream.start({ models: ['m'] });
    const gone = await RecordingUpstream.start();
    const dead = gone.url;
    await gone.close();
    const gateway = await startTestGateway({
      listen: undefined,
      listeners: [{ listen: '127.0.0.1:0', profile: 'skyserve', serve: ['api', 'admin'] }],
      models: { m: { balance: 'round_robin', replicas: [{ url: dead }, { url: upstream.url }] } },
    });
    const { key } = await gateway.admin.createKey({ scopes: ['infer'] });
    for (let round = 0; round < 4; round += 1) {
      const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [] }),
      });
      expect(answer.status).toBe(200);
    }
    expect(upstream.exchanges).toHaveLength(4);
    await gateway.close();
    await upstream.close();
  });
});
