import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestRows, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

const run = promisify(execFile);
const JSON_HEADER = ['-H', 'Content-Type: application/json'];

let world: AuthkeysWorld;

beforeAll(async () => {
  world = await startAuthkeysWorld();
});

afterAll(() => world.close());

/** Real curl; answers the parsed body and the status behind it. */
async function curl(args: readonly string[]): Promise<{ status: number; body: Record<string, unknown> }> {
  const { stdout } = await run('curl', ['-s', '-w', '\n%{http_code}', ...args]);
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at)) as Record<string, unknown> };
}

describe('the five lines of the guide of Llama-Server-AuthKeys, run by curl', () => {
  it('create, list, infer, list models and revoke with nothing but the URL changed', async () => {
    const { url, root } = world;
    const made = await curl([
      '-X',
      'POST',
      `${url}/create_token`,
      ...JSON_HEADER,
      '-d',
      JSON.stringify({ token: root, scope: 'infer', expired_at: 4_000_000_000 }),
    ]);
    expect(made).toMatchObject({ status: 201, body: { scope: 'infer', expired_at: 4_000_000_000 } });
    const token = String(made.body['token']);

    const listed = await curl([
      '-X',
      'GET',
      `${url}/list_tokens`,
      ...JSON_HEADER,
      '-d',
      JSON.stringify({ token: root }),
    ]);
    expect(listed.status).toBe(200);
    expect(listed.body['tokens']).toHaveLength(2);

    const question = { token, model: 'llama-3', messages: [{ role: 'user', content: 'Hello' }], temperature: 0.7 };
    const chat = await curl([
      '-X',
      'POST',
      `${url}/v1/chat/completions`,
      ...JSON_HEADER,
      '-d',
      JSON.stringify(question),
    ]);
    expect(chat).toMatchObject({
      status: 200,
      body: { model: 'llama-3', choices: [{ message: { content: 'Hello there' } }] },
    });

    world.upstream.onRequest = (exchange) => exchange.answer(200, { data: [{ id: 'test-model' }] });
    const models = await curl(['-X', 'GET', `${url}/v1/models`, ...JSON_HEADER, '-d', JSON.stringify({ token })]);
    expect(models).toMatchObject({ status: 200, body: { data: [{ id: 'test-model' }] } });

    const revoked = await curl([
      '-X',
      'POST',
      `${url}/revoke_token`,
      ...JSON_HEADER,
      '-d',
      JSON.stringify({ token: root, token_to_revoke: token }),
    ]);
    expect(revoked).toEqual({ status: 200, body: { message: 'Token revoked successfully' } });
    expect(
      (await curl(['-X', 'GET', `${url}/v1/models`, ...JSON_HEADER, '-d', JSON.stringify({ token })])).status,
    ).toBe(401);
  });
});

describe('the log of requests', () => {
  it('A-37 tells time, key id, path without query, method and status, and never a token', async () => {
    const { gateway, root, rootId, as, call } = world;
    await call('GET', '/list_tokens?x=1');
    await as('bad', 'GET', '/list_tokens');
    await as(root, 'GET', '/list_tokens');
    const rows = (await requestRows(gateway)).filter((row) => row['path'] === '/list_tokens').slice(0, 3);
    expect(rows.map((row) => [row['key_id'], row['method'], row['status']])).toEqual([
      [rootId, 'GET', 200],
      [null, 'GET', 401],
      [null, 'GET', 401],
    ]);
    const text = JSON.stringify(rows);
    expect(text).not.toContain(root);
    expect(text).not.toContain('x=1');
    expect(Number.isInteger(rows[0]?.['started_at'])).toBe(true);
  });
});
