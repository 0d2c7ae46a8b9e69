import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { INVALID, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

let world: AuthkeysWorld | null = null;

afterEach(async () => {
  await world?.close();
  world = null;
});

async function start(authkeys: Record<string, unknown>): Promise<AuthkeysWorld> {
  world = await startAuthkeysWorld(authkeys);
  return world;
}

describe('habits of the original that can be brought back', () => {
  it('A-19 accept_past_expiry makes a token that is refused on its first use', async () => {
    const { root, as, token } = await start({ accept_past_expiry: true });
    const made = await as(root, 'POST', '/create_token', { scope: 'infer', expired_at: 1 });
    expect([made.status, JSON.parse(made.text)]).toMatchObject([201, { expired_at: 1, scope: 'infer' }]);
    const used = await as((JSON.parse(made.text) as { token: string }).token, 'POST', '/v1/chat/completions', {
      model: 'm',
    });
    expect([used.status, used.text]).toEqual([401, INVALID]);
    await token('infer', { expired_at: -5 });
    const { text } = await as(root, 'GET', '/list_tokens');
    expect(text).toContain('"expired_at":1,');
    expect(text).toContain('"expired_at":-5,');
  });

  it('A-25 allow_scope_escalation lets a writer grant what he does not have, and no more than the contract knows', async () => {
    const { token, as } = await start({ allow_scope_escalation: true });
    const writer = await token('write');
    const made = await as(writer, 'POST', '/create_token', { scope: 'infer:write:revoke' });
    expect(made.status).toBe(201);
    expect((await as(writer, 'POST', '/create_token', { scope: 'admin' })).status).toBe(400);
    const { token: all } = JSON.parse(made.text) as { token: string };
    expect((await as(all, 'POST', '/v1/chat/completions', { model: 'm', messages: [] })).status).toBe(200);
  });

  it('A-34 revoke_self_when_target_missing revokes the token that asks, and never the last administrator', async () => {
    const { token, as, root } = await start({ revoke_self_when_target_missing: true });
    const own = await token('revoke');
    expect((await as(own, 'POST', '/revoke_token')).status).toBe(200);
    expect((await as(own, 'POST', '/revoke_token')).status).toBe(401);
    expect((await as(root, 'POST', '/revoke_token')).status).toBe(409);
    const named = await token('infer');
    expect((await as(root, 'POST', '/revoke_token', { token_to_revoke: named })).status).toBe(200);
  });

  it('A-30 errors_as_200 gives the status of the server behind in words', async () => {
    const { upstream, as, root } = await start({ errors_as_200: true });
    upstream.onRequest = (exchange) => exchange.answer(404, { detail: 'no' });
    const answer = await as(root, 'POST', '/v1/chat/completions', { model: 'm' });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      200,
      '{"error": "Failed to connect to LLM server: HTTP Error 404: Not Found"}',
      'application/json',
    ]);
    upstream.onRequest = (exchange) => exchange.answer(500, 'broken', ['x-y', 'z']);
    expect((await as(root, 'POST', '/v1/chat/completions', { model: 'm' })).text).toBe(
      '{"error": "Failed to connect to LLM server: HTTP Error 500: Internal Server Error"}',
    );
  });

  it('A-30 with errors_as_200 an answer that is no JSON cannot be read, and a right one passes', async () => {
    const { upstream, as, root } = await start({ errors_as_200: true });
    upstream.onRequest = (exchange) => {
      exchange.raw('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>');
    };
    const answer = await as(root, 'POST', '/v1/chat/completions', { model: 'm' });
    expect([answer.status, answer.text]).toEqual([200, '{"error": "Failed to parse response from LLM server"}']);
    upstream.onRequest = (exchange) => exchange.answer(200, { fine: true });
    expect((await as(root, 'POST', '/v1/chat/completions', { model: 'm' })).text).toBe('{"fine":true}');
  });

  it('A-31 with errors_as_200 a server that is down is a 200 with the error of the original', async () => {
    const dead = await startAuthkeysWorld({ errors_as_200: true });
    await dead.upstream.close();
    try {
      const answer = await dead.as(dead.root, 'POST', '/v1/chat/completions', { model: 'm', messages: [] });
      expect([answer.status, answer.text]).toEqual([
        200,
        '{"error": "Failed to connect to LLM server: <urlopen error [Errno 111] Connection refused>"}',
      ]);
    } finally {
      await dead.gateway.close();
    }
  });

  it('A-28 with errors_as_200 a stream is still a stream', async () => {
    const { as, root } = await start({ errors_as_200: true });
    const answer = await as(root, 'POST', '/v1/chat/completions', { model: 'm', messages: [], stream: true });
    expect(answer.headers['content-type']).toContain('text/event-stream');
    expect(answer.text).toContain('data: [DONE]');
  });

  it('every one of them is reported', async () => {
    const names = [
      'errors_as_200',
      'accept_past_expiry',
      'allow_scope_escalation',
      'revoke_self_when_target_missing',
      'bootstrap_root_when_empty',
    ];
    const authkeys = Object.fromEntries(names.map((name) => [name, true]));
    const listeners = [{ listen: '127.0.0.1:5001', profile: 'authkeys' }];
    const outcome = await loadConfig({ text: JSON.stringify({ listeners, authkeys }), env: {}, cwd: '/tmp' });
    const warnings = outcome.ok ? outcome.loaded.warnings : [];
    for (const name of names)
      expect(warnings.filter((warning) => warning.startsWith(`authkeys.${name} `))).toHaveLength(1);
  });

  it('an authkeys listener serves nothing else', async () => {
    const listeners = [{ listen: '127.0.0.1:5001', profile: 'authkeys', serve: ['api', 'admin'] }];
    const outcome = await loadConfig({ text: JSON.stringify({ listeners }), env: {}, cwd: '/tmp' });
    expect(outcome.ok).toBe(false);
  });
});
