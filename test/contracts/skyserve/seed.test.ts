import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL, SEED_ENV, SkyWorld } from './sky-world.js';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

interface Seen {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

describe("the service of SkyPilot's guide, as it stands", () => {
  let world: SkyWorld;
  let url: string;
  let output: () => string;
  let replicas: string[];
  beforeAll(async () => {
    world = await SkyWorld.make();
    ({ url, output } = await world.serve());
    replicas = (await world.ready(2)).map((row) => row.url ?? '');
  }, LIMIT_MS);
  afterAll(() => world.remove(), LIMIT_MS);

  const seen = async (): Promise<Seen[]> =>
    (await Promise.all(replicas.map(async (base) => (await fetch(`${base}/seen`)).json() as Promise<Seen[]>))).flat();
  const words = async (base: string): Promise<{ environment: Record<string, string>; words: string[] }> =>
    (await (await fetch(`${base}/environment`)).json()) as { environment: Record<string, string>; words: string[] };

  it('D-01 runs two replicas on ports of their own and probes GET /v1/models with their private keys', async () => {
    const said = output();
    for (const line of [
      /Readiness probe method: +GET \/v1\/models with custom headers/,
      /Readiness initial delay seconds: +1200/,
      /Readiness probe timeout seconds: +15/,
      /Replica autoscaling policy: +Fixed 2 replicas/,
      /TLS Certificates: +No TLS Enabled/,
      /Spot Policy:/,
      /Load Balancing Policy: +least_load/,
      /Service name: auth\n/,
    ])
      expect(said).toMatch(line);
    const found = await Promise.all(replicas.map(words));
    const keys = found.map(({ environment }) => environment['AUTH_TOKEN']);
    expect(new Set(keys).size).toBe(2);
    expect(keys).not.toContain('yyy');
    expect(found.map(({ environment }) => environment['HF_TOKEN'])).toEqual(['xxx', 'xxx']);
    expect(
      found.map(({ environment }) => Number(environment['SKYPILOT_SERVE_REPLICA_ID'])).toSorted((a, b) => a - b),
    ).toEqual([1, 2]);
    for (const [index, { words: given }] of found.entries()) {
      expect(given[given.indexOf('--host') + 1]).toBe('127.0.0.1');
      expect(given[given.indexOf('--port') + 1]).toBe(new URL(replicas[index] ?? '').port);
      expect(given[given.indexOf('--model') + 1]).toBe(MODEL);
    }
    const probes = (await seen()).filter(({ method, url: path }) => method === 'GET' && path === '/v1/models');
    expect(probes.some(({ headers }) => headers['authorization'] === `Bearer ${keys[0]}`)).toBe(true);
    for (const note of [
      'becomes a port of its own',
      'becomes `--host 127.0.0.1`',
      'puts AUTH_TOKEN on a command line',
      'setup section was not run',
      'accelerator',
    ])
      expect(said).toContain(note);
  });

  it("the guide's status and curl lines work, with its exact body", async () => {
    const { out, code } = await world.run(['status', '--endpoint', 'auth']);
    expect([code, out]).toEqual([0, `${new URL(url).host}\n`]);
    const script = `ENDPOINT=$(printf %s '${out.trim()}')
AUTH_TOKEN=yyy
curl -s http://$ENDPOINT/v1/chat/completions \\
    -H "Content-Type: application/json" \\
    -H "Authorization: Bearer $AUTH_TOKEN" \\
    -d '{
      "model": "meta-llama/Meta-Llama-3-8B-Instruct",
      "messages": [
        {
          "role": "system",
          "content": "You are a helpful assistant."
        },
        {
          "role": "user",
          "content": "Who are you?"
        }
      ],
      "stop_token_ids": [128009,  128001]
    }'`;
    const { stdout } = await run('bash', ['-c', script]);
    expect(JSON.parse(stdout)).toMatchObject({
      stop_token_ids: [128009, 128001],
      choices: [{ message: { content: 'I am a helpful assistant.' } }],
    });
    const bodies = (await seen()).filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(bodies.some((body) => body.includes('"stop_token_ids": [128009,  128001]'))).toBe(true);
  });

  it('D-16 without a key GET /v1/models is 401 {"error":"Unauthorized"}', async () => {
    const answer = await fetch(`${url}/v1/models`);
    expect([answer.status, await answer.text()]).toEqual([401, '{"error":"Unauthorized"}']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('D-17 a wrong key gets the same answer, and no replica sees anything', async () => {
    const before = (await seen()).filter(({ method }) => method === 'POST').length;
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer zzz', 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [] }),
    });
    expect([answer.status, await answer.text()]).toEqual([401, '{"error":"Unauthorized"}']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect((await seen()).filter(({ method }) => method === 'POST')).toHaveLength(before);
  });

  it("D-18 with the key a completion passes unchanged, and the caller's key does not travel", async () => {
    const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'hi' }] });
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer yyy', 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(200);
    const arrived = (await seen()).findLast(({ body: text }) => text === body);
    expect(arrived?.headers['authorization']).toMatch(/^Bearer [0-9a-f]{64}$/);
    expect(JSON.stringify(await seen())).not.toContain('Bearer yyy');
  });

  it('D-19 the words of a stream come one by one, in their order, none merged', async () => {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer yyy', 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [], stream: true }),
    });
    const pieces: string[] = [];
    for await (const piece of answer.body as AsyncIterable<Uint8Array>)
      pieces.push(Buffer.from(piece).toString('utf8'));
    const told = pieces.map((piece) => [...piece.matchAll(/"content":"(\w+)"/g)].map(([, word]) => word));
    expect(told.filter((list) => list.length > 0)).toEqual([['one'], ['two'], ['three'], ['four']]);
    expect(pieces.join('')).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('D-28 a preflight and HEAD are answered by policy, and unguarded paths of the engine stay closed', async () => {
    const head = await fetch(`${url}/v1/models`, { method: 'HEAD', headers: { authorization: 'Bearer yyy' } });
    expect(head.status).toBe(200);
    const patch = await fetch(`${url}/v1/models`, { method: 'PATCH', headers: { authorization: 'Bearer yyy' } });
    expect(patch.status).toBe(405);
    const invocations = await fetch(`${url}/invocations`, { method: 'POST', headers: { authorization: 'Bearer yyy' } });
    expect(invocations.status).toBe(404);
    expect((await seen()).some(({ url: path }) => path === '/invocations')).toBe(false);
  });

  it('D-29 no log and no list holds the key', async () => {
    await fetch(`${url}/v1/models?api_key=${SEED_ENV.AUTH_TOKEN}`, { headers: { authorization: 'Bearer yyy' } });
    const logs = join(world.dataDir, 'logs');
    const texts = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')));
    for (const text of [
      output(),
      ...texts,
      JSON.stringify(await world.admin.must('GET', '/requests')),
      JSON.stringify(await world.admin.must('GET', '/keys')),
    ])
      expect(text).not.toMatch(/\byyy\b/);
  });

  it('D-32 the endpoint is printed bare for one service, and an error for none and for two', async () => {
    expect((await world.run(['status', '--endpoint'])).out).toBe(`${new URL(url).host}\n`);
    expect((await world.run(['status', '--endpoint', 'auth', '--with-scheme'])).out).toBe(`${url}\n`);
    const none = await world.run(['status', '--endpoint', 'other']);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("Service 'other' not found.")]);
    const two = await world.run(['status', '--endpoint', 'auth', '--endpoint', 'other']);
    expect([two.code, two.err]).toEqual([1, expect.stringContaining('2 services found.')]);
  });

  it('the shared key is a key like others: listed, ending, revocable', async () => {
    const [key] = (await world.admin.must('GET', '/keys'))['data'] as {
      name: string;
      scopes: string[];
      expires_at: number | null;
      imported: boolean;
      id: string;
    }[];
    expect(key).toMatchObject({
      name: 'legacy-shared',
      scopes: ['infer'],
      imported: true,
      expires_at: expect.any(Number) as number,
    });
  });
});
