import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { deferred, until } from '../../support/patience.js';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { answer, EXTERNAL, QUESTION, startOrchestraWorld, Worker, type OrchestraWorld } from './orchestra-world.js';

let world: OrchestraWorld;
let second: Worker;
let engine: RecordingUpstream;
let usual: Worker['onInfer'];
beforeAll(async () => {
  second = await Worker.start();
  engine = await RecordingUpstream.start();
  world = await startOrchestraWorld({ config: { auth: { failures_per_minute: null } } });
  usual = world.worker.onInfer;
});
afterEach(() => {
  world.worker.onInfer = usual;
  world.worker.received.length = 0;
  engine.forget();
});
afterAll(() => Promise.all([world.close(), second.close(), engine.close()]));

const BAD_GATEWAY = '{"detail":"Bad Gateway: Error communicating with worker 0."}';
/** Of a worker that refuses. */
const refusal =
  (status: number, body: unknown): Worker['onInfer'] =>
  ({ response }) =>
    answer(response, status, body);

describe('answers', () => {
  test('C-21: the answer of the worker comes back with what the balancer adds', async () => {
    const got = await world.infer({ headers: { 'x-request-id': 'demo-req-12345' } });
    expect(got.status).toBe(200);
    const { lb_latency_ms: latency, ...rest } = got.json();
    expect(rest).toEqual({
      response: 'echo Hi',
      gpu_id_of_model_worker: 'auto',
      model_name_processed: 'qwen3',
      duration_seconds: 0.12,
      api_worker_pid: 4242,
      load_balancer_worker_id: 0,
      lb_queue_at_dispatch: 0,
    });
    expect(latency).toBeTypeOf('number');
    expect(Number(latency) * 10).toBeCloseTo(Math.round(Number(latency) * 10), 6);
    expect(got.headers['x-request-id']).toBe('demo-req-12345');
    expect(got.headers['content-type']).toBe('application/json');
  });

  test('the worker gets the same JSON and the request id, and nothing else of the client', async () => {
    await world.infer({
      body: { ...QUESTION, extra: [1] },
      headers: { 'x-request-id': 'abc', 'x-other': 'secret-header', cookie: 'a=b', authorization: 'Bearer dummy' },
    });
    const [received] = world.worker.received;
    expect(received?.path).toBe('/infer');
    expect(received?.body).toEqual({ ...QUESTION, extra: [1] });
    expect(received?.headers['x-request-id']).toBe('abc');
    const names = Object.keys(received?.headers ?? {}).toSorted();
    expect(names).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'content-length',
      'content-type',
      'host',
      'x-request-id',
    ]);
    expect(JSON.stringify(received?.headers)).not.toContain('k1');
  });

  test('an id of the client comes back, from either header and on refusals too; an unfit one is replaced by ours', async () => {
    expect((await world.infer({ headers: { 'x-correlation-id': 'corr.1' } })).headers['x-request-id']).toBe('corr.1');
    expect((await world.infer({ key: null, headers: { 'x-request-id': 'id-1' } })).headers['x-request-id']).toBe(
      'id-1',
    );
    expect((await world.call('GET', '/', { headers: { 'x-request-id': 'id-2' } })).headers['x-request-id']).toBe(
      'id-2',
    );
    for (const unfit of ['a b', 'x'.repeat(65), '<script>']) {
      expect((await world.infer({ headers: { 'x-request-id': unfit } })).headers['x-request-id']).toMatch(/^req_/);
    }
    const elsewhere = await fetch(`${world.gateway.url}/`, { headers: { 'x-request-id': 'id-3' } });
    expect(elsewhere.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('refusals', () => {
  test('C-18: a body without model_name', async () => {
    for (const body of [
      {},
      { request_body: {} },
      { model_name: '', request_body: {} },
      { model_name: null },
      { model_name: ['qwen3'] },
    ]) {
      const got = await world.infer({ body });
      expect([got.status, got.text]).toEqual([400, '{"detail":"`model_name` is required."}']);
    }
  });

  test('C-19: a pool that is not there, and one the key may not use, get the same words', async () => {
    const got = await world.infer({ body: { ...QUESTION, model_name: 'x' } });
    expect([got.status, got.text]).toEqual([503, `{"detail":"No workers available for model 'x'."}`]);
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'], models: ['other'] });
    const forbidden = await world.infer({ key });
    expect([forbidden.status, forbidden.text]).toEqual([503, `{"detail":"No workers available for model 'qwen3'."}`]);
    expect(Object.keys(forbidden.headers).toSorted()).toEqual(Object.keys(got.headers).toSorted());
    expect((await world.infer({ body: { ...QUESTION, model_name: 'QWEN3' } })).status).toBe(503);
  });

  test('a pool that is not there is named before a request_body that is not there', async () => {
    const unknown = await world.infer({ body: { model_name: 'x' } });
    expect([unknown.status, unknown.text]).toEqual([503, `{"detail":"No workers available for model 'x'."}`]);
    for (const body of [{}, { request_body: null }, { request_body: [] }, { request_body: 'text' }]) {
      const got = await world.infer({ body: { model_name: 'qwen3', ...body } });
      expect([got.status, got.text]).toEqual([400, '{"detail":"model_name and request_body are required."}']);
    }
  });

  test('C-20: what a worker refuses keeps its status and its words', async () => {
    const words = { detail: { error: 'context_length_exceeded', max: 1 } };
    world.worker.onInfer = refusal(400, words);
    const got = await world.infer();
    expect([got.status, got.json()]).toEqual([400, words]);
  });

  test('C-20: with orchestra.mask_worker_errors it is 502, as with the original', async () => {
    const masked = await startOrchestraWorld({ orchestra: { mask_worker_errors: true } });
    try {
      masked.worker.onInfer = refusal(400, { detail: 'no' });
      const got = await masked.infer();
      expect([got.status, got.text]).toEqual([502, BAD_GATEWAY]);
    } finally {
      await masked.close();
    }
  });

  test.each([
    ['fails', refusal(500, { detail: 'Internal server error on worker: secret path' })],
    ['redirects', refusal(302, {})],
    ['answers with something else', refusal(200, 'text')],
    ['answers with a list', refusal(200, [])],
    ['breaks off', ({ response }) => response.destroy()],
    [
      'breaks off when a part of its answer has arrived',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"response":"half', () => response.socket?.destroySoon());
      },
    ],
    [
      'breaks off in the middle',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"response":"half');
        response.destroy();
      },
    ],
  ] as [string, Worker['onInfer']][])('a worker that %s is a bad gateway, and says no more', async (_what, onInfer) => {
    world.worker.onInfer = onInfer;
    const got = await world.infer();
    expect([got.status, got.text]).toEqual([502, BAD_GATEWAY]);
  });

  test('a worker that does not answer in time is told so', async () => {
    const models = {
      qwen3: { engine: 'orchestra', replicas: [{ url: world.worker.url }], timeouts: { total_seconds: 1 } },
    };
    const hasty = await startOrchestraWorld({ config: { models } });
    try {
      world.worker.onInfer = () => {};
      const got = await hasty.infer();
      expect([got.status, got.text]).toEqual([504, '{"detail":"Request to worker 0 timed out."}']);
    } finally {
      await hasty.close();
    }
  });

  test('workers are numbered in the order of the configuration, whatever their pools are called', async () => {
    const other = await Worker.start();
    const models = {
      qwen3: { engine: 'orchestra', replicas: [{ url: world.worker.url }] },
      gemma3: { engine: 'orchestra', replicas: [{ url: other.url }] },
    };
    const two = await startOrchestraWorld({ config: { models } });
    try {
      const idOf = async (pool: string): Promise<unknown> =>
        (await two.infer({ body: { ...QUESTION, model_name: pool } })).json()['load_balancer_worker_id'];
      world.worker.onInfer = ({ response }) => answer(response, 200, { response: 'a' });
      expect([await idOf('qwen3'), await idOf('gemma3')]).toEqual([0, 1]);
    } finally {
      await two.close();
      await other.close();
    }
  });

  test('a pool whose worker is gone has no worker', async () => {
    const gone = await Worker.start();
    const models = { qwen3: { engine: 'orchestra', replicas: [{ url: gone.url }] } };
    const left = await startOrchestraWorld({ config: { models } });
    await gone.close();
    try {
      const got = await left.infer();
      expect([got.status, got.text]).toEqual([503, `{"detail":"No workers available for model 'qwen3'."}`]);
      expect(Number(got.headers['retry-after'])).toBeGreaterThan(0);
    } finally {
      await left.close();
    }
  });

  test.each([
    ['no JSON', 'not json'],
    ['an empty body', ''],
    ['a list', '["k1"]'],
    ['a text', '"text"'],
    ['a number', '42'],
    ['null', 'null'],
    ['a member named twice', '{"model_name":"a","model_name":"qwen3","request_body":{}}'],
    ['no request_body', '{"model_name":"qwen3"}'],
    ['a list as request_body', '{"model_name":"qwen3","request_body":[]}'],
    ['a body nested too deep', `{"model_name":"qwen3","request_body":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('%s is a bad request, behind the key', async (_what, body) => {
    const got = await world.infer({ body });
    expect(got.status).toBe(400);
    expect(got.json()['detail']).toBeTypeOf('string');
    expect((await world.infer({ body, key: null })).status).toBe(401);
    expect(world.worker.received).toHaveLength(0);
  });

  test('members called like prototypes do no harm', async () => {
    const body = '{"model_name":"qwen3","request_body":{"input":"Hi","__proto__":{"admin":true},"constructor":1}}';
    expect((await world.infer({ body })).status).toBe(200);
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect((await world.infer({ body: { ...QUESTION, model_name: name } })).status).toBe(503);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('media', () => {
  const withBody = (request_body: object): object => ({ model_name: 'qwen3', request_body });

  test.each([
    { images: ['/etc/passwd'] },
    { images: ['http://169.254.169.254/latest'] },
    { images: ['HTTP://127.0.0.1/'] },
    { images: ['file:///etc/passwd'] },
    { images: '/etc/passwd' },
    { images: [{ path: '/etc/passwd', data: 'aGk=' }] },
    { images: [{ url: 'https://example.com/a.png' }] },
    { images: [{}] },
    { images: [[{ data: 'aGk=' }]] },
    { audio: { path: '/etc/passwd' } },
    { audio: { url: 'http://127.0.0.1/' } },
    { audio: '/etc/passwd' },
  ])('no worker is sent to fetch %j', async (media) => {
    const got = await world.infer({ body: withBody({ input: 'x', ...media }) });
    expect(got.status).toBe(400);
    expect(world.worker.received).toHaveLength(0);
  });

  test('media that carry their data pass', async () => {
    for (const media of [
      { images: ['data:image/png;base64,iVBORw0KGgo='] },
      { images: [{ data: 'iVBORw0KGgo=' }] },
      { audio: { data: 'UklGRg==', format: 'wav' } },
    ]) {
      expect((await world.infer({ body: withBody({ input: 'x', ...media }) })).status).toBe(200);
    }
  });
});

describe('the workers', () => {
  test('C-25: two slow requests at one time go to two workers', async () => {
    const models = { qwen3: { engine: 'orchestra', replicas: [{ url: world.worker.url }, { url: second.url }] } };
    const pair = await startOrchestraWorld({ config: { models } });
    const release = deferred();
    const slow: Worker['onInfer'] = (received) => void release.promise.then(() => usual(received));
    world.worker.onInfer = slow;
    second.onInfer = slow;
    try {
      const both = Promise.all([pair.infer(), pair.infer()]);
      await until(5000, 'both workers have a request', async () => {
        await pair.call('GET', '/');
        return world.worker.received.length + second.received.length === 2;
      });
      const status = await pair.call('GET', '/status', { headers: { 'x-api-key': await adminKey(pair) } });
      const workers = (status.json()['model_pools'] as Record<string, Record<string, unknown>[]>)['qwen3'];
      expect(workers?.map(({ worker_id: id, is_busy: busy, state }) => [id, busy, state])).toEqual([
        [0, true, 'BUSY'],
        [1, true, 'BUSY'],
      ]);
      release.resolve();
      expect(new Set((await both).map((got) => got.json()['load_balancer_worker_id']))).toEqual(new Set([0, 1]));
    } finally {
      release.resolve();
      second.onInfer = usual;
      await pair.close();
    }
  });

  test('one request at a time waits for the other, and says how many waited', async () => {
    const models = { qwen3: { engine: 'orchestra', replicas: [{ url: world.worker.url }], max_in_flight: 1 } };
    const narrow = await startOrchestraWorld({ config: { models } });
    const release = deferred();
    world.worker.onInfer = (received) => void release.promise.then(() => usual(received));
    try {
      const first = narrow.infer();
      await until(5000, 'the first one runs', async () => (await narrow.gateway.admin.streams()).length === 1);
      const others = [narrow.infer(), narrow.infer()];
      await until(5000, 'the others wait', async () => (await narrow.gateway.admin.streams()).length === 3);
      release.resolve();
      const queued = (await Promise.all([first, ...others])).map((got) => Number(got.json()['lb_queue_at_dispatch']));
      expect(queued.toSorted((one, other) => one - other)).toEqual([0, 0, 1]);
    } finally {
      release.resolve();
      await narrow.close();
    }
  });

  test('a worker whose health is neither running nor degraded gets nothing', async () => {
    const ill = await Worker.start();
    ill.status = 'starting';
    const models = { qwen3: { engine: 'orchestra', replicas: [{ url: ill.url }] } };
    const left = await startOrchestraWorld({ config: { models } });
    try {
      await until(5000, 'nobody is sent there', async () => (await left.infer()).status === 503);
      ill.status = 'degraded';
      await until(15_000, 'it takes requests again', async () => (await left.infer()).status === 200);
    } finally {
      await left.close();
      await ill.close();
    }
  });
});

describe('the other routes', () => {
  test('GET / says that it runs, to everybody', async () => {
    const got = await world.call('GET', '/', { from: EXTERNAL });
    expect([got.status, got.text]).toEqual([200, '{"service":"Multi-Model Load Balancer","status":"running"}']);
  });

  test('C-23: logs, status and metrics are refused without a key, from anywhere', async () => {
    for (const path of [
      '/logs',
      '/logs?kind=balancer',
      '/logs_json',
      '/dashboard',
      '/status',
      '/metrics',
      '/docs',
      '/redoc',
      '/openapi.json',
    ]) {
      for (const from of ['127.0.0.1', EXTERNAL])
        expect([path, (await world.call('GET', path, { from })).status]).toEqual([path, 401]);
    }
  });

  test('C-23: with orchestra.open_status, status and metrics are open and the logs are not', async () => {
    const open = await startOrchestraWorld({ orchestra: { open_status: true } });
    try {
      await open.infer();
      expect((await open.call('GET', '/status', { from: EXTERNAL })).status).toBe(200);
      expect((await open.call('GET', '/metrics', { from: EXTERNAL })).status).toBe(200);
      expect((await open.call('GET', '/logs', { from: EXTERNAL })).status).toBe(401);
      expect(JSON.stringify(await open.gateway.admin.must('GET', '/doctor'))).toContain('open_status');
    } finally {
      await open.close();
    }
  });

  test('with a key the logs of the original and its dashboard are simply not there', async () => {
    for (const path of ['/logs', '/logs_json', '/dashboard', '/docs', '/v1/chat/completions']) {
      const got = await world.call('GET', path, { headers: { 'x-api-key': 'k1' } });
      expect([got.status, got.text]).toEqual([404, '{"detail":"Not Found"}']);
    }
    const got = await world.call('GET', '/infer', { headers: { 'x-api-key': 'k1' } });
    expect([got.status, got.text]).toEqual([405, '{"detail":"Method Not Allowed"}']);
    expect(
      (await world.call('POST', '/v1/chat/completions', { body: {}, headers: { 'x-api-key': 'k1' } })).status,
    ).toBe(404);
  });

  test('status and metrics are for administrators, and count what the workers did', async () => {
    await world.infer();
    world.worker.onInfer = refusal(400, { detail: 'no' });
    await world.infer();
    expect((await world.call('GET', '/status', { headers: { 'x-api-key': 'k1' } })).status).toBe(403);
    const headers = { 'x-api-key': await adminKey(world) };
    const status = (await world.call('GET', '/status', { headers })).json();
    const [row] = (status['model_pools'] as Record<string, Record<string, unknown>[]>)['qwen3'] ?? [];
    expect(Object.keys(row ?? {})).toEqual([
      'worker_id',
      'port',
      'is_busy',
      'queue_length',
      'requests',
      'success',
      'errors',
      'avg_recent_latency_ms',
      'last_duration_ms',
      'overcharged',
      'state',
    ]);
    expect(row).toMatchObject({
      worker_id: 0,
      port: world.worker.port,
      is_busy: false,
      queue_length: 0,
      overcharged: false,
      state: 'IDLE',
    });
    const metrics = (await world.call('GET', '/metrics', { headers })).json();
    expect(Object.keys(metrics)).toEqual([
      'uptime_seconds',
      'total_requests',
      'success',
      'errors',
      'rps',
      'per_model',
      'per_worker',
      'timestamp',
    ]);
    const { requests, success, errors } = row as Record<string, number>;
    expect(requests).toBe((success ?? 0) + (errors ?? 0));
    expect(errors).toBeGreaterThan(0);
    expect(metrics).toMatchObject({
      total_requests: requests,
      success,
      errors,
      per_model: { qwen3: { requests, success, errors } },
    });
    expect((metrics['per_worker'] as Record<string, unknown>)['0']).toMatchObject({
      model: 'qwen3',
      port: world.worker.port,
      requests,
      state: 'IDLE',
    });
  });
});

async function adminKey(of: OrchestraWorld): Promise<string> {
  return (await of.gateway.admin.createKey({ scopes: ['admin'] })).key;
}
