import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/patience.js';
import { GatewayHome, type SpawnedGateway } from '../../support/spawn-gateway.js';
import { DEFAULT_FILE, EXTERNAL, send } from './orchestra-world.js';

/** As much of a worker as its balancer sees; it says which model it was started for. */
const WORKER = `
import { createServer } from 'node:http';
const answer = (response, body) => { response.setHeader('content-type', 'application/json'); response.end(JSON.stringify(body)); };
createServer((incoming, response) => {
  if (incoming.method === 'GET') return answer(response, { service: 'Model Inference Worker', status: 'running' });
  incoming.resume().on('end', () => answer(response, { response: process.env.MODEL_TO_LOAD + ' ' + process.env.WORKER_ID, api_worker_pid: process.pid }));
}).listen(Number(process.argv[2]), '127.0.0.1');
`;

let home: GatewayHome;
let gateway: SpawnedGateway;
let url: string;
beforeAll(async () => {
  home = await GatewayHome.make({});
  const worker = join(home.dir, 'worker.mjs');
  await writeFile(worker, WORKER);
  await writeFile(join(home.dir, 'api_keys.json'), JSON.stringify(DEFAULT_FILE));
  const model = (name: string, processes: number): object => ({
    engine: 'orchestra',
    command: `'${process.execPath}' '${worker}' {port}`,
    processes,
    env: { MODEL_TO_LOAD: name, WORKER_ID: '{index}' },
    ports: '20000-29999',
    max_in_flight: 1,
  });
  await home.configure({
    listen: undefined,
    listeners: [{ listen: '127.0.0.1:0', profile: 'orchestra' }],
    models: { gemma3: model('gemma3', 1), qwen: model('qwen', 2) },
  });
  gateway = await home.start();
  url = gateway.url;
}, 60_000);
afterAll(() => home.remove());

test('workers are started, asked through /infer, and ended by keyporter stop', async () => {
  const infer = (name: string): ReturnType<typeof send> =>
    send(`${url}/infer`, 'POST', {
      body: { model_name: name, request_body: { input: 'Hi' } },
      from: EXTERNAL,
      headers: { 'x-api-key': 'k1' },
    });
  await until(
    30_000,
    'both pools answer',
    async () => (await infer('gemma3')).status === 200 && (await infer('qwen')).status === 200,
  );
  const pids = new Set<number>();
  for (const name of ['gemma3', 'qwen', 'qwen', 'qwen', 'qwen']) {
    const got = (await infer(name)).json();
    expect(got['response']).toMatch(name === 'gemma3' ? /^gemma3 0$/ : /^qwen [01]$/);
    pids.add(Number(got['api_worker_pid']));
  }
  const { code } = await home.run(['stop']);
  expect(code).toBe(0);
  expect((await gateway.ended).code).toBe(0);
  await until(10_000, 'every worker is gone', async () => [...pids].every((pid) => !isAlive(pid)));
}, 90_000);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
