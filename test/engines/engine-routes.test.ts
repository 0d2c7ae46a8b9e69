import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ENGINES, findPath } from '../../src/replicas/engines/table.js';
import type { EngineName } from '../../src/replicas/model.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startWorld } from '../support/start-gateway.js';
import { ask, enginesOn } from './ask.js';
import { PUBLISHED } from './published-routes.js';

const upstream = await RecordingUpstream.start({ models: [] });
const replicas = [{ url: upstream.url }];
const world = await startWorld({
  models: {
    ...enginesOn(upstream.url),
    'org/with-slash': { engine: 'vllm', replicas },
    secret: { engine: 'vllm', replicas, restricted: true },
    renamed: { engine: 'llama.cpp', replicas, upstream_model: 'real-name' },
  },
});
const keyWith = async (scopes: string[], more: object = {}): Promise<string> =>
  (await world.admin.createKey({ scopes, ...more })).key;
const reader = await keyWith(['engine:read']);
const controller = await keyWith(['engine:control']);
const administrator = await keyWith(['admin']);
const narrow = await keyWith(['engine:read'], { models: ['org/*'] });

afterAll(async () => {
  await world.close();
  await upstream.close();
});
afterEach(() => upstream.forget());
const answering = (): void => {
  upstream.onRequest = (exchange) => exchange.answer(200, { asked: exchange.target });
};
const codeOf = (text: string): unknown => (JSON.parse(text) as { error: { code: unknown } }).error.code;

describe('every path an engine publishes has its class', () => {
  for (const [name, routes] of Object.entries(PUBLISHED)) {
    test(`${name}: each of its ${routes.length} routes is in the table`, () => {
      const engine = ENGINES[name as keyof typeof ENGINES];
      const missing = routes.filter((line) => {
        const [method = '', path = ''] = line.split(' ');
        return findPath(engine, method, path) === null;
      });
      expect(missing).toEqual([]);
    });

    test(`${name}: nobody reaches more than the class of a path allows`, async () => {
      answering();
      for (const line of routes) {
        const [method = '', path = ''] = line.split(' ');
        const entry = findPath(ENGINES[name as keyof typeof ENGINES], method, path);
        const asked = (key: string) =>
          ask(world, `${method} /engines/on-${name}${path}`, { key }).then(({ status }) => status);
        const reads = entry?.class === 'engine:read' || entry?.class === 'alive';
        const controls = entry?.class === 'engine:control';
        expect([line, await asked(world.key)]).toEqual([line, 403]);
        expect([line, await asked(reader)]).toEqual([line, reads ? 200 : controls ? 403 : 404]);
        expect([line, await asked(controller)]).toEqual([line, controls ? 200 : reads ? 403 : 404]);
        expect([line, await asked(administrator)]).toEqual([line, reads || controls ? 200 : 404]);
      }
    });
  }

  test('no table names a path twice', () => {
    for (const engine of Object.values(ENGINES)) {
      const names = engine.paths.map(({ method, path }) => `${method} ${path}`);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test('the names of the engines are those of the configuration', () => {
    const names: EngineName[] = [
      'llama.cpp',
      'vllm',
      'sglang',
      'ollama',
      'lmstudio',
      'openai',
      'orchestra',
      'llama-stack',
    ];
    expect(Object.keys(ENGINES)).toEqual(names);
  });
});

describe('/engines/{model}/<path>', () => {
  test('a path no table has is refused whatever the scope, and the engine hears nothing', async () => {
    for (const path of ['/nothing', '/metrics/', '/v1/../metrics', '/sleep/x', '/metricsx', '/slots/0/1', '']) {
      const { status } = await ask(world, `POST /engines/on-vllm${path}`, { key: administrator });
      expect([path, [400, 404, 405].includes(status)]).toEqual([path, true]);
    }
    expect(upstream.exchanges).toEqual([]);
  });

  test('a model whose name has a slash is found, encoded or not', async () => {
    answering();
    for (const name of ['org/with-slash', 'org%2Fwith-slash']) {
      const { status, text } = await ask(world, `GET /engines/${name}/metrics`, { key: narrow });
      expect([status, text]).toEqual([200, '{"asked":"/metrics"}']);
    }
  });

  test('a forbidden model looks exactly like an unknown one', async () => {
    const forbidden = await ask(world, 'GET /engines/secret/metrics', { key: reader });
    const unknown = await ask(world, 'GET /engines/nobody/metrics', { key: reader });
    const other = await ask(world, 'GET /engines/on-vllm/metrics', { key: narrow });
    expect([forbidden.status, unknown.status, other.status]).toEqual([404, 404, 404]);
    expect(forbidden.text.replace('secret', 'nobody')).toBe(unknown.text);
    expect(codeOf(forbidden.text)).toBe('model_not_found');
  });

  test('the query travels on, and cannot name another model', async () => {
    answering();
    const good = await ask(world, 'GET /engines/renamed/slots?fail_on_no_slot=1&model=real-name', { key: reader });
    expect(good.text).toBe('{"asked":"/slots?fail_on_no_slot=1&model=real-name"}');
    const bad = await ask(world, 'GET /engines/renamed/slots?model=other', { key: reader });
    expect([bad.status, codeOf(bad.text)]).toEqual([400, 'invalid_value']);
  });

  test('HEAD has the rights of GET', async () => {
    answering();
    const asked = async (path: string, key: string) =>
      (await ask(world, `HEAD /engines/on-vllm${path}`, { key })).status;
    expect([
      await asked('/metrics', reader),
      await asked('/metrics', world.key),
      await asked('/sleep', administrator),
    ]).toEqual([200, 403, 404]);
  });

  test('a body of settings arrives byte for byte, with the key of the server and not the one of the caller', async () => {
    answering();
    const body = '[ {"id":0, "scale":0.5} ]';
    const { status } = await ask(world, 'POST /engines/on-llama.cpp/lora-adapters', { key: controller, body });
    const [exchange] = upstream.exchanges;
    expect([status, exchange?.body.toString()]).toEqual([200, body]);
    expect(exchange?.header('authorization')).toBe('Bearer sk-upstream-canary-0f1e2d3c4b5a6978');
    expect(upstream.everything()).not.toContain(controller);
  });

  test('a body that is no JSON is refused', async () => {
    const { status } = await ask(world, 'POST /engines/on-vllm/sleep', { key: controller, body: '{"level":' });
    expect(status).toBe(400);
  });

  test('explain knows the scope of the very path', async () => {
    const made = await world.admin.createKey({ scopes: ['engine:read'] });
    const explained = async (path: string): Promise<unknown> =>
      (await world.admin.must('POST', '/explain', { key_id: made.id, method: 'POST', path }))['code'];
    expect(await explained('/engines/on-vllm/sleep')).toBe('missing_scope');
    expect(await explained('/engines/on-vllm/collective_rpc')).toBe('unknown_url');
    expect(await explained('/engines/nobody/sleep')).toBe('model_not_found');
  });
});
