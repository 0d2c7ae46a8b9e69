import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GatewayHome } from '../../support/spawn-gateway.js';
import { environmentOf, replicas, replicaThat } from '../../supervisor/supervised-world.js';
import { TEXT } from './engine-parts.js';
import { modelOf, startEngineWorld, type EngineWorld } from './engine-world.js';
import { filledIn, routesOf } from './routes-of.js';

/** What a server answers to anybody: that it is alive. */
const OPEN = ['GET /health', 'GET /v1/health'];

let world: EngineWorld;
beforeAll(async () => {
  world = await startEngineWorld({ open: { ...(await modelOf(TEXT)), env: {} } });
});
afterAll(() => world.close());

const known = (id: string) =>
  replicaThat(world.gateway, id, ({ process }) => process !== null && process.answers_without_key !== null);

test('without its private key no route of a started server answers but the one that says it is alive', async () => {
  const { url } = await known('tiny-0');
  const answers = await Promise.all(
    (await routesOf()).map(async ({ method, path }) => {
      const { status } = await fetch(url + filledIn(path), { method });
      return [`${method} ${path}`, status];
    }),
  );
  expect(answers.length).toBeGreaterThan(40);
  for (const [line, status] of answers) expect([line, status]).toEqual([line, OPEN.includes(String(line)) ? 200 : 401]);
});

test('replicas and doctor say which server answers without its key, and which does not', async () => {
  const rows = [await known('tiny-0'), await known('tiny-vectors-0'), await known('open-0')];
  expect(rows.map(({ id, process }) => [id, process?.answers_without_key])).toEqual([
    ['tiny-0', false],
    ['tiny-vectors-0', false],
    ['open-0', true],
  ]);
  const { output } = await world.home.run(['doctor', '--json']);
  const found = (JSON.parse(output) as { data: { check: string; finding: string }[] }).data;
  const named = found.filter(({ check }) => check === 'process_without_key').map(({ finding }) => finding);
  expect(named).toEqual([expect.stringContaining('open-0')]);
});

test('the private key is in no command line, log or list', async () => {
  const rows = await replicas(world.gateway);
  const processes = await Promise.all(rows.map(({ process }) => environmentOf(process?.pid)));
  const keys = processes.flatMap((environment) => environment.get('LLAMA_API_KEY') ?? []);
  expect(keys).toHaveLength(2);
  const commandLines = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
  );
  const { output } = await world.home.run(['replicas', 'logs', 'tiny-0']);
  const shown = [world.gateway.output(), JSON.stringify(rows), output, ...commandLines];
  expect(shown.some((text) => text.includes('llama-server'))).toBe(true);
  expect(shown.filter((text) => keys.some((key) => text.includes(key)))).toEqual([]);
});

test('a server that takes another key is never ready, and the list says why', { timeout: 120_000 }, async () => {
  const home = await GatewayHome.make({
    models: { other: { ...(await modelOf(TEXT)), env: { LLAMA_API_KEY: 'another-key' } } },
  });
  try {
    const gateway = await home.start();
    const row = await replicaThat(gateway, 'other-0', ({ detail }) => detail?.includes('private key') === true);
    expect([row.state, row.detail]).toEqual(['starting', expect.stringContaining('{api_key}')]);
  } finally {
    await home.run(['stop']);
    await home.remove();
  }
});
