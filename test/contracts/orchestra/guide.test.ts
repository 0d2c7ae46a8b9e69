import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_FILE, startOrchestraWorld, type OrchestraWorld } from './orchestra-world.js';

const run = promisify(execFile);
const KEY = 'your-api-key-here-of-at-least-32-characters';
const BODY = '{"model_name": "qwen3", "request_body": {"input": "Your input text here", "max_new_tokens": 1000}}';
const has = (command: string, args: readonly string[]): boolean => spawnSync(command, [...args]).status === 0;

let world: OrchestraWorld;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kp-guide-'));
  world = await startOrchestraWorld({ file: { ...DEFAULT_FILE, valid_keys: [KEY] } });
});
afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

/** What a client got, in the members the guide names. */
const EXPECTED = { response: 'echo Your input text here', model_name_processed: 'qwen3', load_balancer_worker_id: 0 };

describe.skipIf(!has('curl', ['--version']))('the curl examples of the guide (curl has to be installed)', () => {
  const curl = async (args: readonly string[]): Promise<Record<string, unknown>> => {
    const { stdout } = await run('curl', [
      '-sS',
      '-X',
      'POST',
      `${world.url}/infer`,
      '-H',
      'Content-Type: application/json',
      ...args,
    ]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('local access without a key', async () => {
    expect(await curl(['--interface', '127.0.0.1', '-d', BODY])).toMatchObject(EXPECTED);
  });

  test('external access with a key, and without one', async () => {
    expect(await curl(['--interface', '127.0.0.2', '-H', `X-API-Key: ${KEY}`, '-d', BODY])).toMatchObject(EXPECTED);
    const refused = await curl(['--interface', '127.0.0.2', '-d', BODY]);
    expect(refused).toEqual({ detail: 'Invalid or missing API key. Please provide a valid X-API-Key header.' });
  });

  test('the body from a file', async () => {
    const file = join(dir, 'my_request.json');
    await writeFile(file, BODY);
    expect(await curl(['-H', `X-API-Key: ${KEY}`, '-d', `@${file}`])).toMatchObject(EXPECTED);
  });

  test('with a request id, which comes back', async () => {
    const { stdout } = await run('curl', [
      '-sS',
      '-i',
      '-X',
      'POST',
      `${world.url}/infer`,
      '-H',
      'Content-Type: application/json',
      '-H',
      `X-API-Key: ${KEY}`,
      '-H',
      'X-Request-ID: demo-req-12345',
      '-d',
      BODY,
    ]);
    expect(stdout.toLowerCase()).toContain('x-request-id: demo-req-12345');
  });
});

const PYTHON = `
import json, os, requests
url = os.environ["INFER_URL"]
body = {"model_name": "qwen3", "request_body": {"input": "Your input text here", "max_new_tokens": 1000}}
local = requests.post(url, json=body)
keyed = requests.post(url, headers={"X-API-Key": os.environ["INFER_KEY"]}, json=body)
wrong = requests.post(url, headers={"X-API-Key": "wrong"}, json=body)
print(json.dumps([[one.status_code, one.json()] for one in (local, keyed, wrong)]))
`;

describe.skipIf(!has('python3', ['-c', 'import requests']))(
  'the Python example of the guide (python3 and requests have to be installed)',
  () => {
    test('requests.post with and without a key', async () => {
      const env = { PATH: process.env['PATH'], INFER_URL: `${world.url}/infer`, INFER_KEY: KEY };
      const { stdout } = await run('python3', ['-c', PYTHON], { env });
      const [local, keyed, wrong] = JSON.parse(stdout) as [number, Record<string, unknown>][];
      expect([local?.[0], keyed?.[0], wrong?.[0]]).toEqual([200, 200, 401]);
      expect(local?.[1]).toMatchObject(EXPECTED);
      expect(keyed?.[1]).toMatchObject(EXPECTED);
    });
  },
);

const NODE = `
import axios from 'axios';
const headers = { 'Content-Type': 'application/json', 'X-API-Key': process.env.INFER_KEY };
const body = { model_name: 'qwen3', request_body: { input: 'Your input text here', max_new_tokens: 1000 } };
const { data } = await axios.post(process.env.INFER_URL, body, { headers });
const wrong = await axios.post(process.env.INFER_URL, body, { headers: { ...headers, 'X-API-Key': 'wrong' } }).catch((error) => error);
console.log(JSON.stringify([data, wrong.response.status]));
`;

describe('the Node example of the guide', () => {
  test('axios.post with a key, and what it raises without', async () => {
    const env = { PATH: process.env['PATH'], INFER_URL: `${world.url}/infer`, INFER_KEY: KEY };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', NODE], { env });
    expect(JSON.parse(stdout)).toMatchObject([EXPECTED, 401]);
  });
});
